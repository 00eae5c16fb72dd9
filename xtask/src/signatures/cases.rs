//! What is signed: deliveries of many kinds under secrets of many kinds.

use std::error::Error;

use rendezhook_domain::subscription::Dialect;
use rendezhook_secrets::{SigningSecret, SigningSecretError};
use serde::Serialize;

use super::delivery::{Content, Scene};

/// Texts that are easily changed on the way from the signer to the verifier.
const TEXTS: [&str; 10] = [
    "Dental check-up",
    "",
    "Démo, Zürich, Łódź, İstanbul",
    "約束 договор ραντεβού تأكيد",
    "👩🏽‍⚕️ consultation 🇪🇺",
    "e\u{301} beside \u{e9}: two forms of one letter",
    "\u{2028}line\u{2029}ends\u{85}of\u{b}Unicode\u{feff}",
    "quotation \" backslash \\ slash / tab \t line\r\nend",
    "{\"json\":\"in \\u00e9 text\"}.1.2.v1,",
    "1e400 -0 0.1 9007199254740993 <script>&amp;</script>",
];

/// The dialects whose deliveries are signed after Standard Webhooks. SimplyMeet.me has a signature of its own, which its
/// dialect's tests verify.
const DIALECTS: [Dialect; 3] = [Dialect::Standard, Dialect::Vyte, Dialect::Doo];

/// How many forms the content has.
const FORMS: usize = 5;

/// One signed request.
#[derive(Debug, Serialize)]
pub(super) struct Case {
    /// What it is, for messages.
    pub(super) name: String,
    /// `webhook-id`.
    pub(super) id: String,
    /// `webhook-timestamp`.
    pub(super) timestamp: String,
    /// `webhook-signature`.
    pub(super) signature: String,
    /// The body.
    pub(super) body: String,
    /// Each of these secrets has to verify the request on its own.
    pub(super) secrets: Vec<String>,
}

/// Makes every combination of text, form, dialect, and one secret or two: 300 cases. `now` is in seconds since 1970.
///
/// # Errors
/// When a delivery cannot be built.
pub(super) fn make(now: i64) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for text in TEXTS {
        for form in 0..FORMS {
            for dialect in DIALECTS {
                let scene = Scene::new(dialect, content(text, form), now)?;
                for rotating in [false, true] {
                    let name = format!("case {} ({dialect:?}, form {form})", cases.len());
                    cases.push(scene.case(name, &secrets(cases.len(), rotating)?, now)?);
                }
            }
        }
    }
    Ok(cases)
}

/// A JSON document with this text in it.
fn content(text: &str, form: usize) -> Content {
    let quoted = serde_json::Value::from(text);
    match form {
        0 => Content::Resource(format!(r#"{{"title":{quoted},"confirmed":{{"flag":true}}}}"#)),
        1 => Content::Resource(format!("{{ \"title\" :\t{quoted} ,\r\n \"price\": 1.50}}")),
        2 => Content::Resource(format!(r#"{{"z":{quoted},"a":[{quoted},1e2,null],"z":2}}"#)),
        3 => Content::Body(format!("\n[{quoted}]\r\n")),
        _ => Content::Body(format!("[{}]", vec![quoted.to_string(); 1_000].join(","))),
    }
}

/// The secrets that sign, the newest first; two while one replaces the other. They have every length that is permitted.
fn secrets(number: usize, rotating: bool) -> Result<Vec<SigningSecret>, SigningSecretError> {
    let lengths = SigningSecret::MINIMUM_BYTES..=SigningSecret::MAXIMUM_BYTES;
    let length =
        |number: usize| lengths.clone().cycle().nth(number).unwrap_or(SigningSecret::GENERATED_BYTES);
    let secret = |number: usize| {
        let key: Vec<u8> = (0..=u8::MAX).cycle().skip(number).take(length(number)).collect();
        SigningSecret::from_bytes(&key)
    };
    let mut secrets = vec![secret(number)?];
    if rotating {
        secrets.push(secret(number + 100)?);
    }
    Ok(secrets)
}
