//! What each receiver got of one booking, in the dialect it speaks.

use serde_json::Value;

use super::deliveries::Delivery;
use super::hooks::Hook;
use super::ledger::Ledger;
use crate::command::output;
use crate::command::terminal::{Terminal, Tone};

/// How wide a line may be, in characters. What fits into one is not broken up.
const WIDTH: usize = 110;

/// Prints the last body that each hook got of a booking.
pub(super) fn show(
    booking: &str,
    hooks: &[Hook],
    deliveries: &[Delivery],
    ledger: &Ledger,
    terminal: Terminal,
) {
    for hook in hooks {
        let role = hook.receiver.role;
        let of_hook = |delivery: &&Delivery| {
            delivery.resource_id == booking
                && delivery.subscription.as_ref().is_some_and(|id| hook.subscriptions.contains(id))
        };
        let last = deliveries.iter().rfind(of_hook);
        let Some((delivery, body)) =
            last.and_then(|delivery| Some((delivery, ledger.body(role.name, &delivery.id)?)))
        else {
            continue;
        };
        output::line("");
        let title = format!("   {}, {}: {}", role.name, role.surface.name(), delivery.action);
        output::line(terminal.paint(Tone::Strong, &title));
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => lines(&value).iter().for_each(|line| output::line(format!("   {line}"))),
            Err(_) => output::line(format!("   {}", String::from_utf8_lossy(body))),
        }
    }
}

/// A JSON value in lines: a part of it that fits into one is in one.
fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    write(&mut lines, 0, String::new(), value, "");
    lines
}

fn write(lines: &mut Vec<String>, depth: usize, before: String, value: &Value, after: &str) {
    let indent = "  ".repeat(depth);
    let whole = format!("{indent}{before}{value}{after}");
    if whole.chars().count() <= WIDTH {
        lines.push(whole);
        return;
    }
    match value {
        Value::Object(members) => {
            lines.push(format!("{indent}{before}{{"));
            for (place, (name, member)) in members.iter().enumerate() {
                let comma = if place + 1 < members.len() { "," } else { "" };
                write(lines, depth + 1, format!("{}: ", Value::from(name.as_str())), member, comma);
            }
            lines.push(format!("{indent}}}{after}"));
        }
        Value::Array(items) => {
            lines.push(format!("{indent}{before}["));
            for (place, item) in items.iter().enumerate() {
                let comma = if place + 1 < items.len() { "," } else { "" };
                write(lines, depth + 1, String::new(), item, comma);
            }
            lines.push(format!("{indent}]{after}"));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => lines.push(whole),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_into_a_line_is_in_one() {
        assert_eq!(lines(&json!([{"a": 1}])), [r#"[{"a":1}]"#]);
        let long = "x".repeat(60);
        let value = json!({"short": [1, 2], "long": {"one": long, "other": [long, {}]}});
        assert_eq!(
            lines(&value),
            [
                "{".to_owned(),
                r#"  "short": [1,2],"#.to_owned(),
                r#"  "long": {"#.to_owned(),
                format!(r#"    "one": "{long}","#),
                format!(r#"    "other": ["{long}",{{}}]"#),
                "  }".to_owned(),
                "}".to_owned(),
            ]
        );
        let read: Value = serde_json::from_str(&lines(&value).concat()).unwrap();
        assert_eq!(read, value);
    }
}
