//! The secret with which a webhook is signed, as commands of the receiving side take it.

use std::convert::Infallible;

use rendezhook_receive::signature::{Secret, Style};

/// One of the two secrets.
#[derive(Debug, Clone, clap::Args)]
#[group(multiple = false)]
pub(crate) struct Signing {
    /// The secret of the subscription, `whsec_…`: signatures of Standard Webhooks, which all deliveries but those in the
    /// dialect of SimplyMeet.me carry.
    #[arg(long, value_name = "SECRET", env = "RENDEZHOOK_SECRET", hide_env_values = true, value_parser = secret)]
    secret: Option<Secret>,

    /// The secret of a webhook in the dialect of SimplyMeet.me, whatever text it is.
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    simplymeet_secret: Option<Secret>,
}

impl Signing {
    /// The secret that was given, and how it signs.
    pub(crate) fn chosen(&self) -> Option<(Style, &Secret)> {
        let standard = self.secret.as_ref().map(|secret| (Style::StandardWebhooks, secret));
        standard.or_else(|| self.simplymeet_secret.as_ref().map(|secret| (Style::SimplyMeet, secret)))
    }
}

fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}
