use super::*;
use crate::capture::HeaderList;
use crate::signature::{SecretError, Verifier, key, tag};

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
const ID: &str = "msg_01HZX5QK8V3T9N2B7C4D6E8F0G";
const TIME: i64 = 1_768_469_400;
const BODY: &str = r#"{"type":"booking.created","title":"Démo 📅","n":[1,2]}"#;

/// The signature of the reference library in base64.
fn signature(body: &[u8]) -> String {
    let library = standardwebhooks::Webhook::new(SECRET).unwrap();
    let token = library.sign(ID, TIME, body).unwrap();
    token.strip_prefix("v1,").unwrap().to_owned()
}

fn signature_bytes() -> Vec<u8> {
    STANDARD.decode(signature(BODY.as_bytes())).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn request(signature: &str, body: impl AsRef<[u8]>) -> CapturedRequest {
    let time = TIME.to_string();
    let headers = [(ID_HEADER, ID), (TIMESTAMP_HEADER, time.as_str()), (SIGNATURE_HEADER, signature)];
    CapturedRequest {
        method: None,
        target: None,
        headers: headers.into_iter().collect(),
        body: body.as_ref().to_vec().into(),
    }
}

fn causes(request: &CapturedRequest) -> Vec<Cause> {
    diagnose(request, Style::StandardWebhooks, &Secret::new(SECRET), None).causes
}

/// The causes when `signed` was signed and `captured` came in.
fn causes_of_change(signed: impl AsRef<[u8]>, captured: impl AsRef<[u8]>) -> Vec<Cause> {
    causes(&request(&format!("v1,{}", signature(signed.as_ref())), captured))
}

fn with_header(mut request: CapturedRequest, name: &str, value: &str) -> CapturedRequest {
    let others = request.headers.iter().filter(|(header, _)| *header != name);
    request.headers = others.chain([(name, value)]).collect();
    request
}

fn without_header(mut request: CapturedRequest, name: &str) -> CapturedRequest {
    request.headers = request.headers.iter().filter(|(header, _)| *header != name).collect();
    request
}

fn right() -> CapturedRequest {
    request(&format!("v1,{}", signature(BODY.as_bytes())), BODY)
}

#[test]
fn a_right_request_has_no_cause() {
    let diagnosis = diagnose(
        &right(),
        Style::StandardWebhooks,
        &Secret::new(SECRET),
        Some(Timestamp::from_second(TIME + 300).unwrap()),
    );
    assert!(diagnosis.is_verified(), "{diagnosis}");
    assert!(diagnosis.to_string().starts_with("the signature is right"));
}

#[test]
fn every_missing_header_is_named_with_a_similar_one() {
    let bare = CapturedRequest {
        method: None,
        target: None,
        headers: HeaderList::from_iter([("Svix-Id", "a"), ("HTTP_WEBHOOK_TIMESTAMP", "1")]),
        body: BODY.into(),
    };
    assert_eq!(
        causes(&bare),
        [
            Cause::MissingHeader { header: ID_HEADER, similar: Some("Svix-Id".to_owned()) },
            Cause::MissingHeader {
                header: TIMESTAMP_HEADER,
                similar: Some("HTTP_WEBHOOK_TIMESTAMP".to_owned())
            },
            Cause::MissingHeader { header: SIGNATURE_HEADER, similar: None },
        ]
    );
    assert!(causes(&without_header(right(), ID_HEADER))[0].to_string().contains("`webhook-id` is missing"));
}

#[test]
fn the_clock_is_judged_only_with_a_time_and_says_the_direction() {
    let at = |offset| {
        let now = Timestamp::from_second(TIME + offset).unwrap();
        diagnose(&right(), Style::StandardWebhooks, &Secret::new(SECRET), Some(now)).causes
    };
    assert_eq!(at(301), [Cause::Clock { offset_seconds: -301 }]);
    assert_eq!(at(-400), [Cause::Clock { offset_seconds: 400 }]);
    assert!(at(301)[0].to_string().starts_with("the request is 301 s old"));
    assert!(at(-400)[0].to_string().starts_with("the request comes from 400 s in the future"));
}

#[test]
fn a_timestamp_that_is_no_number_of_seconds_is_named() {
    let signed_at = |timestamp: &str| {
        let content = format!("{ID}.{timestamp}.{BODY}");
        let secret = Secret::new(SECRET).decoded().unwrap();
        let signature = STANDARD.encode(tag(&key(&secret), &[content.as_bytes()]));
        causes(&with_header(request(&format!("v1,{signature}"), BODY), TIMESTAMP_HEADER, timestamp))
    };
    assert_eq!(signed_at("yesterday"), [Cause::TimestampNotInteger { value: "yesterday".to_owned() }]);
    assert_eq!(signed_at("1768469400000"), [Cause::TimestampInMilliseconds]);
}

#[test]
fn a_signature_in_another_encoding_is_recognised() {
    let base64 = signature(BODY.as_bytes());
    let bytes = signature_bytes();
    for (encoded, encoding) in [
        (hex(&bytes), Encoding::Hex),
        (hex(&bytes).to_uppercase(), Encoding::Hex),
        (STANDARD.encode(hex(&bytes)), Encoding::HexInBase64),
        (base64.trim_end_matches('=').to_owned(), Encoding::UnpaddedBase64),
    ] {
        let found = causes(&request(&format!("v1,{encoded}"), BODY));
        assert_eq!(found, [Cause::SignatureEncoding(encoding)], "{encoded}");
    }
}

#[test]
fn the_url_safe_alphabet_is_recognised_with_and_without_padding() {
    let differs = |body: &String| signature(body.as_bytes()).contains(['+', '/']);
    let body = (0..100).map(|number| number.to_string()).find(differs).unwrap();
    let url_safe = signature(body.as_bytes()).replace('+', "-").replace('/', "_");
    for encoded in [url_safe.as_str(), url_safe.trim_end_matches('=')] {
        let found = causes(&request(&format!("v1,{encoded}"), &body));
        assert_eq!(found, [Cause::SignatureEncoding(Encoding::UrlSafeBase64)], "{encoded}");
    }
}

#[test]
fn a_wrong_grammar_is_told_from_a_wrong_signature() {
    let base64 = signature(BODY.as_bytes());
    let prefix =
        |found| [Cause::SignatureGrammar(GrammarProblem::Prefix { style: Style::StandardWebhooks, found })];
    assert_eq!(causes(&request(&base64, BODY)), prefix(""));
    assert_eq!(causes(&request(&format!("v1={base64}"), BODY)), prefix("v1="));
    assert_eq!(causes(&request("sha256=00", BODY)), prefix("sha256="));
    assert_eq!(causes(&request(" ", BODY)), [Cause::SignatureGrammar(GrammarProblem::Empty)]);
    assert_eq!(
        causes(&request("v1a,AAAA v2,x", BODY)),
        [Cause::SignatureGrammar(GrammarProblem::OnlyOtherVersions(vec!["v1a".to_owned(), "v2".to_owned()]))]
    );
    assert_eq!(causes(&request(&format!("v1,{}", &base64[..20]), BODY)), [Cause::SignatureUnreadable]);
}

#[test]
fn a_secret_read_in_another_way_is_recognised() {
    let content = format!("{ID}.{TIME}.{BODY}");
    for (key_text, reading) in
        [(SECRET, SecretReading::WholeText), (&SECRET[6..], SecretReading::TextAfterPrefix)]
    {
        let signature = STANDARD.encode(tag(&key(key_text.as_bytes()), &[content.as_bytes()]));
        let found = causes(&request(&format!("v1,{signature}"), BODY));
        assert_eq!(found, [Cause::SecretReading(reading)]);
    }
    let secret = Secret::new(format!("{SECRET}\n"));
    let found = diagnose(&right(), Style::StandardWebhooks, &secret, None).causes;
    assert_eq!(
        found,
        [
            Cause::UnusableSecret(SecretError::NotBase64),
            Cause::SecretReading(SecretReading::SurroundingSpace)
        ]
    );
}

#[test]
fn other_signed_content_is_recognised() {
    let secret = Secret::new(SECRET).decoded().unwrap();
    for (content, signed) in
        [(BODY.to_owned(), SignedContent::Body), (format!("{TIME}.{BODY}"), SignedContent::TimestampAndBody)]
    {
        let signature = STANDARD.encode(tag(&key(&secret), &[content.as_bytes()]));
        assert_eq!(causes(&request(&format!("v1,{signature}"), BODY)), [Cause::SignedContent(signed)]);
    }
}

#[test]
fn every_known_change_of_the_body_is_recognised() {
    let lines = "{\n\"a\": 1\n}";
    let crlf_lines = "{\r\n\"a\": 1\r\n}";
    let marked = format!("\u{feff}{BODY}");
    for (signed, captured, change) in [
        (BODY, format!("{BODY}\n"), BodyChange::TrailingNewlineAdded),
        (BODY, format!("{BODY}\r\n"), BodyChange::TrailingNewlineAdded),
        (&format!("{BODY}\n"), BODY.to_owned(), BodyChange::TrailingNewlineRemoved),
        (&format!("{BODY}\r\n"), BODY.to_owned(), BodyChange::TrailingNewlineRemoved),
        (lines, crlf_lines.to_owned(), BodyChange::LineEndsBecameCrlf),
        (crlf_lines, lines.to_owned(), BodyChange::LineEndsBecameLf),
        (BODY, marked.clone(), BodyChange::ByteOrderMarkAdded),
        (&marked, BODY.to_owned(), BodyChange::ByteOrderMarkRemoved),
    ] {
        let found = causes_of_change(signed, &captured);
        assert_eq!(found, [Cause::BodyChanged(change)], "{captured:?} from {signed:?}");
    }
}

#[test]
fn a_reserialised_body_is_recognised_with_the_signed_form() {
    let indented =
        "{\n  \"type\": \"booking.created\",\n  \"title\": \"Démo 📅\",\n  \"n\": [\n    1,\n    2\n  ]\n}";
    let spaced = r#"{"type": "booking.created", "title": "Démo 📅", "n": [1, 2]}"#;
    let spaced_ascii = r#"{"type": "booking.created", "title": "D\u00e9mo \ud83d\udcc5", "n": [1, 2]}"#;
    let compact_ascii = r#"{"type":"booking.created","title":"D\u00e9mo \ud83d\udcc5","n":[1,2]}"#;
    let four = indented.replace("  ", "    ");
    let forms = [
        (BODY, JsonForm::Compact),
        (compact_ascii, JsonForm::CompactAscii),
        (spaced, JsonForm::Spaced),
        (spaced_ascii, JsonForm::SpacedAscii),
        (indented, JsonForm::Indented),
        (four.as_str(), JsonForm::IndentedByFour),
    ];
    for (signed, form) in forms {
        for (captured, _) in forms.into_iter().filter(|(other, _)| *other != signed) {
            let found = causes_of_change(signed, captured);
            assert_eq!(found, [Cause::BodyChanged(BodyChange::Reserialised(form))], "{captured}");
        }
    }
}

#[test]
fn several_mistakes_at_once_are_all_named() {
    let found = causes(&request(&hex(&signature_bytes()), format!("{BODY}\n")));
    assert_eq!(
        found,
        [
            Cause::SignatureGrammar(GrammarProblem::Prefix { style: Style::StandardWebhooks, found: "" }),
            Cause::SignatureEncoding(Encoding::Hex),
            Cause::BodyChanged(BodyChange::TrailingNewlineAdded),
        ]
    );
    let text = Diagnosis { causes: found }.to_string();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.starts_with("1. ") && text.contains("\n3. "), "{text}");
}

#[test]
fn only_a_digest_tells_another_secret_from_another_body() {
    let digest = |body: &str| {
        let digest = digest::digest(&digest::SHA256, body.as_bytes());
        format!("sha-512=:AA==:, sha-256=:{}:", STANDARD.encode(digest))
    };
    let other = request(&format!("v1,{}", signature(b"{}")), BODY);
    assert_eq!(causes(&other), [Cause::WrongSecretOrBody]);
    let intact = with_header(other.clone(), "content-digest", &digest(BODY));
    assert_eq!(causes(&intact), [Cause::WrongSecret]);
    let changed = with_header(other.clone(), "content-digest", &digest("{}"));
    assert_eq!(causes(&changed), [Cause::BodyDiffersFromDigest]);
    let shortened = with_header(other, "content-length", "99");
    assert_eq!(
        causes(&shortened),
        [Cause::WrongSecretOrBody, Cause::BodyLength { declared: 99, found: BODY.len() }]
    );
}

#[test]
fn a_simplymeet_request_is_diagnosed_in_its_own_style() {
    let body = r#"{"data":{"uuid":"0c9b4b1e-0000-4000-8000-000000000001","state":"new"}}"#;
    let right = "G1DKw0GU220b+jadNbEVyBcDxkZpVIy9k+7I9xfjvMM=";
    let diagnose_with = |secret: &str, signature: &str, body: &str| {
        let request = without_header(request(signature, body), TIMESTAMP_HEADER);
        diagnose(&request, Style::SimplyMeet, &Secret::new(secret), None).causes
    };
    assert_eq!(diagnose_with("something", right, body), []);
    assert_eq!(
        diagnose_with("something", right, &body.replace(':', ": ")),
        [Cause::BodyChanged(BodyChange::Reserialised(JsonForm::Compact))]
    );
    assert_eq!(
        diagnose_with("something", &format!("sha256={right}"), body),
        [Cause::SignatureGrammar(GrammarProblem::Prefix { style: Style::SimplyMeet, found: "sha256=" })]
    );
    assert_eq!(diagnose_with("another", right, body), [Cause::WrongSecretOrBody]);

    let decoded = STANDARD.encode(tag(&key(b"key bytes"), &[body.as_bytes()]));
    let secret = STANDARD.encode("key bytes");
    assert_eq!(diagnose_with(&secret, &decoded, body), [Cause::SecretReading(SecretReading::Decoded)]);
}

#[test]
fn a_diagnosis_agrees_with_the_verifier() {
    let secret = Secret::new(SECRET);
    let verifier = Verifier::new(Style::StandardWebhooks, &secret).unwrap();
    let now = Timestamp::from_second(TIME).unwrap();
    for request in [right(), request("v1,AAAA", BODY), with_header(right(), ID_HEADER, "a.b")] {
        let verified = verifier.verify(&request.headers, &request.body, now).is_ok();
        let diagnosis = diagnose(&request, Style::StandardWebhooks, &secret, Some(now));
        assert_eq!(diagnosis.is_verified(), verified, "{diagnosis}");
    }
}
