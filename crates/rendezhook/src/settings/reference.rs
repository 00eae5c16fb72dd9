//! The reference page of the settings, generated from their definitions, and the test that it is current.

use std::fmt::Write;
use std::path::Path;

use clap::{Args, Command};

use super::{
    DeliverySettings, HealthSettings, ListenSettings, LogSettings, OutboundSettings, RetentionSettings,
};

const HEAD: &str = "# Settings

Every setting of `rendezhook serve`. A flag wins over its environment variable, that over the settings file (`--config FILE` or
`RENDEZHOOK_CONFIG`), and that over the default. This page is generated from the code.

Besides these, `RENDEZHOOK_ADMIN_KEY` sets the server's admin key (50 characters of `0-9a-z`) instead of one that is made at the
first start, and `RENDEZHOOK_MASTER_KEY` gives the key that seals secrets (32 bytes as hexadecimal digits or base64) instead of the
file `master.key` in the data directory.
";

/// The page.
fn page() -> String {
    let mut page = HEAD.to_owned();
    section::<ListenSettings>(&mut page, "server");
    section::<DeliverySettings>(&mut page, "delivery");
    section::<OutboundSettings>(&mut page, "egress");
    section::<HealthSettings>(&mut page, "health");
    section::<RetentionSettings>(&mut page, "retention");
    section::<LogSettings>(&mut page, "log");
    page
}

fn section<T: Args>(page: &mut String, table: &str) {
    let command = T::augment_args(Command::new("serve"));
    write!(page, "\n## `[{table}]`\n").unwrap();
    for argument in command.get_arguments() {
        let name = argument.get_id().as_str().replace('_', "-");
        let flag = argument.get_long().unwrap_or_default();
        let variable = argument.get_env().and_then(|name| name.to_str()).unwrap_or_default();
        let help = argument
            .get_long_help()
            .or_else(|| argument.get_help())
            .map(ToString::to_string)
            .unwrap_or_default();
        write!(page, "\n### `{name}`\n\nFlag `--{flag}`, variable `{variable}`.\n\n{}\n", help.trim())
            .unwrap();
    }
}

#[test]
fn the_reference_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/settings.md is out of date; renew it with UPDATE_DOCS=1 cargo test -p rendezhook reference"
    );
}
