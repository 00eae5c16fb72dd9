//! `rendezhook key`: API keys of an organization.

use std::process::ExitCode;

use serde_json::json;

use super::{Ending, output};
use crate::client::{ApiClient, Body, Connection};

/// Make, list and revoke API keys of an organization.
///
/// `--organization` names the organization; the key that is used has to be the server's admin key or an admin key of it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a key. It is shown once, now.
    Create {
        /// What people call it.
        name: String,
        /// What it permits.
        #[arg(long, value_parser = ["admin", "publisher", "integrator", "viewer"])]
        scope: String,
        /// The user it belongs to: hooks made with it get that user's actions only.
        #[arg(long)]
        user: Option<String>,
        /// After which it is not accepted, like 2027-01-01T00:00:00Z.
        #[arg(long, value_name = "INSTANT")]
        expires_at: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List the keys, without their secrets.
    List {
        /// Where the list goes on: `next` of the page before.
        #[arg(long, value_name = "CURSOR")]
        cursor: Option<String>,
        /// How many keys a page has at most.
        #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100))]
        limit: u8,
        #[command(flatten)]
        connection: Connection,
    },
    /// Revoke a key; it is refused from this moment on.
    Revoke {
        /// Its id.
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Carries the command out.
pub(crate) fn run(command: Command) -> Ending {
    match command {
        Command::Create { name, scope, user, expires_at, connection } => {
            let (client, keys) = ApiClient::below_organization(&connection, "keys")?;
            let body = json!({"name": name, "scope": scope, "user": user, "expires_at": expires_at});
            output::json(&client.call("POST", &keys, &Body::Json(&body))?);
        }
        Command::List { cursor, limit, connection } => {
            let (client, keys) = ApiClient::below_organization(&connection, "keys")?;
            let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            output::json(&client.call("GET", &format!("{keys}?limit={limit}{cursor}"), &Body::Empty)?);
        }
        Command::Revoke { id, connection } => {
            let (client, keys) = ApiClient::below_organization(&connection, "keys")?;
            client.call("DELETE", &format!("{keys}/{id}"), &Body::Empty)?;
            output::line(format!("revoked {id}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
