use super::*;
use crate::randomness::SystemRandomness;

const BODY: &str = "{\"type\":\"booking.created\",\"timestamp\":\"2026-01-15T09:30:00Z\",\"data\":{\"id\":\"bk_01\",\"start\":\"2026-01-20T14:00:00Z\",\"title\":\"Démo\"}}";

#[test]
fn signs_the_vector_of_the_specification() {
    let secret = SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
    let body = br#"{"email":"test@example.com","username":"test_user"}"#;
    assert_eq!(
        secret.sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body),
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
    );
}

#[test]
fn signs_bodies_beyond_ascii_with_current_and_previous_keys() {
    let sign = |text| {
        SigningSecret::parse(text).unwrap().sign(
            "msg_01HZX5QK8V3T9N2B7C4D6E8F0G",
            1_768_469_400,
            BODY.as_bytes(),
        )
    };
    assert_eq!(
        sign("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"),
        "v1,e+gCc1GSikHqI18T+DhKDwSv0+0ALeR+y/at4xVOrZE="
    );
    assert_eq!(
        sign("whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7"),
        "v1,g/Qq4HlMcXbaMhz7ROjhQ2P6zFuIM1irXm/60MSWLuA="
    );
}

#[test]
fn a_token_has_its_documented_length() {
    let secret = SigningSecret::generate(&mut SystemRandomness).unwrap();
    assert_eq!(secret.sign("dlv_1", 0, b"").len(), SigningSecret::TOKEN_BYTES);
}

#[test]
fn a_generated_secret_needs_no_padding_and_reads_back() {
    let secret = SigningSecret::generate(&mut SystemRandomness).unwrap();
    let revealed = secret.reveal();
    let text = revealed.expose();
    assert_eq!(text.len(), "whsec_".len() + 48);
    assert!(!text.contains('='));
    assert_eq!(SigningSecret::parse(text).unwrap().expose_bytes(), secret.expose_bytes());
    assert_ne!(SigningSecret::generate(&mut SystemRandomness).unwrap().expose_bytes(), secret.expose_bytes());
}

#[test]
fn imports_secrets_of_every_allowed_length_with_and_without_padding() {
    for length in 0..80 {
        let bytes = vec![7_u8; length];
        let encoded = STANDARD.encode(&bytes);
        let padded = SigningSecret::parse(&format!("whsec_{encoded}"));
        let unpadded = SigningSecret::parse(&format!("whsec_{}", encoded.trim_end_matches('=')));
        if (24..=64).contains(&length) {
            assert_eq!(padded.unwrap().expose_bytes(), bytes);
            assert_eq!(unpadded.unwrap().expose_bytes(), bytes);
        } else {
            assert_eq!(padded.unwrap_err(), SigningSecretError::Length(length));
            assert_eq!(unpadded.unwrap_err(), SigningSecretError::Length(length));
        }
    }
}

#[test]
fn says_what_is_wrong_without_repeating_the_text() {
    let parse = |text| SigningSecret::parse(text).unwrap_err();
    assert_eq!(parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"), SigningSecretError::Prefix);
    assert_eq!(parse("whsec_not base64!"), SigningSecretError::Base64);
    assert!(!parse("whsec_not base64!").to_string().contains("not base64!"));
}

#[test]
fn never_prints() {
    let secret = SigningSecret::generate(&mut SystemRandomness).unwrap();
    assert_eq!(format!("{secret:?} {:?} {}", secret.reveal(), secret.reveal()), "[secret] [secret] [secret]");
}

#[test]
fn a_challenge_is_answered_as_its_document_shows() {
    let secret = SigningSecret::of(b"shh_secret_01");
    let token = b"qgg8vlvZRS6UYooatFL8Aw";
    let digits = "14cb5ceb5c4fc9e187d0bf1b9e7596e22ad83472f1340638e28b45fae93e283e";
    assert_eq!(secret.authenticate_hex(token), digits);
    assert!(secret.authenticates_hex(token, digits));
    assert!(secret.authenticates_hex(token, &digits.to_uppercase()));
    for wrong in ["", "14", &digits[1..], &digits.replace('1', "2"), &digits.replace('1', "x"), "é"] {
        assert!(!secret.authenticates_hex(token, wrong), "{wrong}");
    }
    assert!(!secret.authenticates_hex(b"another", digits));
}
