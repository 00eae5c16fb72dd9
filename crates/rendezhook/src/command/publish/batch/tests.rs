use std::io::Cursor;

use super::*;

fn batches(text: impl Into<Vec<u8>>) -> Vec<Result<Batch, PublishError>> {
    let reader = Box::new(Cursor::new(text.into()));
    Batches::new(Input { name: "a.json".to_owned(), reader }).collect()
}

fn only(text: &str) -> Batch {
    let mut batches = batches(text);
    assert_eq!(batches.len(), 1);
    batches.remove(0).unwrap()
}

fn refused(text: impl Into<Vec<u8>>) -> String {
    batches(text).remove(0).unwrap_err().to_string()
}

#[test]
fn one_object_is_one_request_as_it_is() {
    for text in ["{\"a\": 1}", "\n\n  {\"a\": 1}\r\n\n", "{\n  \"a\": {\n    \"b\": 1 }\n}\n"] {
        let batch = only(text);
        assert_eq!((batch.content_type, batch.is_single), ("application/json", true), "{text:?}");
        assert_eq!(batch.bytes.trim_ascii(), text.trim().as_bytes());
    }
    assert_eq!(only("\n\n{}").items, [3]);
}

#[test]
fn an_array_knows_where_its_elements_begin() {
    let text = "\n[\n  {\"a\": 1},\n  {\n    \"a\": \"}]\"\n  },  {\"a\": 3},\n\n  {\"a\": 4}\n]\n";
    let batch = only(text);
    assert_eq!((batch.content_type, batch.is_single), ("application/json", false));
    assert_eq!(batch.bytes, text.trim_start_matches('\n').as_bytes());
    assert_eq!(batch.items, [3, 4, 6, 8]);
}

#[test]
fn lines_are_one_request_without_the_blank_ones() {
    let batch = only("{\"a\":1}\n\n  \n{\"a\":2}\r\n{\"a\":3}");
    assert_eq!((batch.content_type, batch.is_single), ("application/x-ndjson", false));
    assert_eq!(batch.bytes, b"{\"a\":1}\n{\"a\":2}\r\n{\"a\":3}");
    assert_eq!(batch.items, [1, 4, 5]);
}

#[test]
fn a_byte_order_mark_is_not_sent() {
    assert_eq!(only("\u{feff}{\"a\":1}\n{\"a\":2}\n").bytes, b"{\"a\":1}\n{\"a\":2}\n");
    assert_eq!(only("\u{feff}[\n{}]").bytes, b"[\n{}]");
}

#[test]
fn many_lines_are_several_requests_that_lose_and_double_nothing() {
    let lines: Vec<String> =
        (0..2 * MAXIMUM_LINES + 1).map(|number| format!("{{\"n\":{number}}}\n")).collect();
    let requests: Vec<Batch> = batches(lines.concat()).into_iter().map(Result::unwrap).collect();
    let sizes: Vec<usize> = requests.iter().map(|batch| batch.items.len()).collect();
    assert_eq!(sizes, [MAXIMUM_LINES, MAXIMUM_LINES, 1]);
    assert_eq!(requests.iter().map(|batch| batch.items[0]).collect::<Vec<_>>(), [1, 10_001, 20_001]);
    assert_eq!(
        requests.iter().flat_map(|batch| batch.bytes.clone()).collect::<Vec<_>>(),
        lines.concat().as_bytes()
    );
    assert!(
        requests.iter().all(|batch| batch.content_type == "application/x-ndjson"),
        "also the last line alone"
    );
}

#[test]
fn long_lines_are_split_by_their_bytes() {
    let line = format!("{{\"a\":\"{}\"}}\n", "x".repeat(MAXIMUM_BYTES / 2));
    let sizes: Vec<usize> =
        batches(line.repeat(3)).iter().map(|batch| batch.as_ref().unwrap().items.len()).collect();
    assert_eq!(sizes, [1, 1, 1]);
}

#[test]
fn what_is_no_json_is_refused_at_its_place_in_the_file() {
    let cases = [
        ("\n\n{\n \"a\": oops\n}", "a.json, line 4, column 7: this is not JSON: expected value"),
        ("[{},\n {]", "a.json, line 2, column 3: this is not JSON: key must be a string"),
        ("{\"a\":1}{\"a\":2}\n", "a.json, line 1, column 8: this is not JSON: trailing characters"),
        ("{}\n\n{\"a\":\n", "a.json, line 3, column 5: this is not JSON: EOF while parsing a value"),
        ("{}\n{}{}\n", "a.json, line 2, column 3: this is not JSON: trailing characters"),
    ];
    for (text, told) in cases {
        assert_eq!(refused(text), told, "{text:?}");
    }
    for nothing in ["", "\n", " \r\n\t\n"] {
        assert!(refused(nothing).starts_with("there is nothing in a.json"), "{nothing:?}");
    }
}

#[test]
fn what_is_too_long_is_refused_with_what_to_do() {
    let line = format!("{{\"a\":\"{}\"}}", "x".repeat(MAXIMUM_BYTES));
    assert!(refused(line.clone()).starts_with("line 1 of a.json is longer than 16 MiB"));
    let document = format!("{{\n\"a\":\"{}\"}}", "x".repeat(MAXIMUM_BYTES));
    assert!(refused(document).contains("write one action a line"));
}
