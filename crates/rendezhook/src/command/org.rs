//! `rendezhook org`: organizations of a running server.

use std::process::ExitCode;

use serde_json::json;

use super::{Ending, output};
use crate::client::{ApiClient, Body, ServerConnection};

/// Make, list and change organizations of a running server.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make an organization. Needs the server's admin key.
    Create {
        /// What people call it.
        name: String,
        #[command(flatten)]
        connection: ServerConnection,
    },
    /// List organizations. Needs the server's admin key.
    List {
        /// Where the list goes on: `next` of the page before.
        #[arg(long, value_name = "CURSOR")]
        cursor: Option<String>,
        #[command(flatten)]
        connection: ServerConnection,
    },
    /// Show one organization.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        connection: ServerConnection,
    },
    /// Change an organization.
    Update {
        /// Its id.
        id: String,
        /// Its new name.
        #[arg(long)]
        name: Option<String>,
        /// How deliveries of its Vyte hooks are wrapped: an array of one item, or the bare object.
        #[arg(long, value_parser = ["array", "object"])]
        vyte_body: Option<String>,
        /// Whether people may become its users through its join link.
        #[arg(long, value_name = "true|false")]
        join_link: Option<bool>,
        /// Whether lists of doo hooks hide client secrets, which the documents of the doo API show in clear.
        #[arg(long, value_name = "true|false")]
        mask_doo_secrets: Option<bool>,
        /// What is done with published resources that do not fit the schema of their kind.
        #[arg(long, value_parser = ["off", "warn", "reject"])]
        schema_check: Option<String>,
        #[command(flatten)]
        connection: ServerConnection,
    },
}

/// Carries the command out.
pub(crate) fn run(command: Command) -> Ending {
    let answer = match command {
        Command::Create { name, connection } => ApiClient::new(&connection)?.call(
            "POST",
            "/api/v1/organizations",
            &Body::Json(&json!({"name": name})),
        )?,
        Command::List { cursor, connection } => {
            let query = cursor.map(|cursor| format!("?cursor={cursor}")).unwrap_or_default();
            ApiClient::new(&connection)?.call(
                "GET",
                &format!("/api/v1/organizations{query}"),
                &Body::Empty,
            )?
        }
        Command::Show { id, connection } => {
            ApiClient::new(&connection)?.call("GET", &format!("/api/v1/organizations/{id}"), &Body::Empty)?
        }
        Command::Update { id, name, vyte_body, join_link, mask_doo_secrets, schema_check, connection } => {
            let mut changes = serde_json::Map::new();
            changes.extend(name.map(|name| ("name".to_owned(), json!(name))));
            changes.extend(vyte_body.map(|form| ("vyte_body".to_owned(), json!(form))));
            changes.extend(join_link.map(|on| ("join_link".to_owned(), json!(on))));
            changes.extend(mask_doo_secrets.map(|on| ("mask_doo_secrets".to_owned(), json!(on))));
            changes.extend(schema_check.map(|check| ("schema_check".to_owned(), json!(check))));
            let path = format!("/api/v1/organizations/{id}");
            ApiClient::new(&connection)?.call("PATCH", &path, &Body::Json(&changes.into()))?
        }
    };
    output::json(&answer);
    Ok(ExitCode::SUCCESS)
}
