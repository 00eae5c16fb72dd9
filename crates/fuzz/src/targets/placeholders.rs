//! Documents of origins: what stands in for placeholders must never become a part of the query.

use std::borrow::Cow;

use rendezhook_dialects::doo::{Ids, check, fill};
use rendezhook_domain::resource::ResourceKind;
use serde_json::Value;

use super::{Target, holds, kind_of};

pub(super) const TARGET: Target = Target {
    name: "placeholders",
    words: &[
        "%EVENT_ID%",
        "%ORDER_ID%",
        "%ORGANIZATION_ID%",
        "%",
        "EVENT_ID",
        "\"query\":",
        "\"variables\":",
        "\"operationName\":",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\\"",
        "\\\\",
        "\\u0025",
        "\n",
        ",",
        ":",
        "null",
        "}}{{",
        "query($id:ID!){event(id:$id){id}}",
    ],
    judge,
};

const PLACEHOLDERS: [&str; 3] = ["%EVENT_ID%", "%ORDER_ID%", "%ORGANIZATION_ID%"];

/// An input is an id in its first line, and the document in the rest.
fn judge(input: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(input);
    let (id, document) = text.split_once('\n').unwrap_or(("", &text));
    for kind in [ResourceKind::Event, ResourceKind::Order] {
        if let Err(error) = check(document, kind) {
            return Ok(kind_of(&error.to_string()));
        }
    }
    let ids = Ids { event: Cow::Borrowed(id), order: id, organization: "7".to_owned() };
    let filled =
        fill(document, &ids).map_err(|error| format!("{document} was checked, and then: {error}"))?;
    let Ok(Value::Object(original)) = serde_json::from_str(document) else {
        return Err(format!("{document} is no object"));
    };
    let names = |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
    holds(names(&original) == names(&filled), || "members came or went".to_owned())?;
    let mut replaced = 0;
    for (name, before) in &original {
        let after = filled.get(name).unwrap_or(&Value::Null);
        if name == "variables" {
            replaced += compare(before, after, id)?;
        } else {
            holds(before == after, || format!("{name} was {before} and is {after}"))?;
        }
    }
    Ok(format!("{replaced} replaced in {} members", original.len()))
}

/// Below `variables` strings alone may differ, by what stands in for their placeholders. Tells how many did.
fn compare(before: &Value, after: &Value, id: &str) -> Result<usize, String> {
    match (before, after) {
        (Value::String(before), Value::String(after)) => {
            let expected = expected(before, id);
            holds(*after == expected, || format!("{before:?} became {after:?} instead of {expected:?}"))?;
            Ok(usize::from(before != after))
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            before.iter().zip(after).map(|(before, after)| compare(before, after, id)).sum()
        }
        (Value::Object(before), Value::Object(after)) if before.len() == after.len() => {
            let pairs = before.iter().zip(after);
            pairs
                .map(|((name, before), (same, after))| {
                    holds(name == same, || format!("{name} became {same}"))?;
                    compare(before, after, id)
                })
                .sum()
        }
        _ => {
            holds(before == after, || format!("{before} became {after}"))?;
            Ok(0)
        }
    }
}

/// The text with its placeholders replaced, each once, from left to right.
fn expected(text: &str, id: &str) -> String {
    let first = PLACEHOLDERS.iter().filter_map(|name| text.find(name).map(|place| (place, *name))).min();
    let Some((place, name)) = first else { return text.to_owned() };
    let (before, from) = text.split_at(place);
    let after = from.strip_prefix(name).unwrap_or_default();
    let put_in = if name == "%ORGANIZATION_ID%" { "7" } else { id };
    format!("{before}{put_in}{}", expected(after, id))
}
