use proptest::prelude::*;

use super::*;
use crate::randomness::SystemRandomness;

const KEY_PLACE: Place<'static> = Place { table: "data_key", row: "org_1", column: "wrapped" };
const SECRET_PLACE: Place<'static> = Place { table: "subscription", row: "sub_1", column: "secret" };

fn operator_key(byte: u8) -> KeyEncryptionKey {
    KeyEncryptionKey::from_bytes([byte; 32])
}

fn data_key() -> DataKey {
    DataKey::generate(3, &mut SystemRandomness).unwrap()
}

#[test]
fn a_secret_opens_at_its_place() {
    let key = data_key();
    let sealed = key.seal(b"whsec_x", SECRET_PLACE, &mut SystemRandomness).unwrap();
    assert!(!sealed.windows(7).any(|window| window == b"whsec_x"));
    assert_eq!(key.open(&sealed, SECRET_PLACE).unwrap().expose(), b"whsec_x");
}

#[test]
fn no_two_seals_are_alike() {
    let key = data_key();
    let seal = || key.seal(b"same", SECRET_PLACE, &mut SystemRandomness).unwrap();
    assert_ne!(seal(), seal());
}

#[test]
fn a_secret_does_not_open_elsewhere() {
    let key = data_key();
    let sealed = key.seal(b"whsec_x", SECRET_PLACE, &mut SystemRandomness).unwrap();
    let elsewhere = [
        Place { table: "oauth_client", ..SECRET_PLACE },
        Place { row: "sub_2", ..SECRET_PLACE },
        Place { column: "previous_secret", ..SECRET_PLACE },
        // The same letters, divided otherwise.
        Place { table: "subscriptions", row: "ub_1", column: "secret" },
    ];
    for place in elsewhere {
        assert_eq!(key.open(&sealed, place).unwrap_err(), SealError::Broken, "{place:?}");
    }
}

#[test]
fn another_key_or_version_does_not_open() {
    let key = data_key();
    let sealed = key.seal(b"whsec_x", SECRET_PLACE, &mut SystemRandomness).unwrap();
    assert_eq!(data_key().open(&sealed, SECRET_PLACE).unwrap_err(), SealError::Broken);
    let newer = DataKey::generate(4, &mut SystemRandomness).unwrap();
    assert_eq!(
        newer.open(&sealed, SECRET_PLACE).unwrap_err(),
        SealError::WrongKeyVersion { sealed: 3, given: 4 }
    );
}

#[test]
fn changing_the_operators_key_rewraps_and_leaves_sealed_secrets_alone() {
    let (old, new) = (operator_key(1), operator_key(2));
    let key = data_key();
    let sealed = key.seal(b"whsec_x", SECRET_PLACE, &mut SystemRandomness).unwrap();
    let wrapped = key.wrap(&old, KEY_PLACE, &mut SystemRandomness).unwrap();

    let unwrapped = DataKey::unwrap(&wrapped, &old, KEY_PLACE).unwrap();
    let rewrapped = unwrapped.wrap(&new, KEY_PLACE, &mut SystemRandomness).unwrap();

    let after = DataKey::unwrap(&rewrapped, &new, KEY_PLACE).unwrap();
    assert_eq!(after.version(), 3);
    assert_eq!(after.open(&sealed, SECRET_PLACE).unwrap().expose(), b"whsec_x");
    assert_eq!(DataKey::unwrap(&rewrapped, &old, KEY_PLACE).unwrap_err(), SealError::WrongKeyEncryptionKey);
    assert_eq!(
        DataKey::unwrap(&rewrapped, &new, Place { row: "org_2", ..KEY_PLACE }).unwrap_err(),
        SealError::Broken
    );
}

#[test]
fn an_operators_key_reads_from_hexadecimal_and_base64() {
    let key = operator_key(0xab);
    let revealed = key.reveal();
    let texts = [
        "ab".repeat(32),
        "AB".repeat(32),
        revealed.expose().clone(),
        revealed.expose().trim_end_matches('=').to_owned(),
        format!("  {}\n", revealed.expose()),
    ];
    for text in texts {
        assert_eq!(KeyEncryptionKey::parse(&text).unwrap().fingerprint(), key.fingerprint(), "{text}");
    }
    for text in ["", "ab", &"ab".repeat(31), &"zz".repeat(32), &"é".repeat(32), "AAECAwQFBgcICQoLDA0ODw=="] {
        assert!(KeyEncryptionKey::parse(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_too_short_is_malformed() {
    let key = data_key();
    let sealed = key.seal(b"", SECRET_PLACE, &mut SystemRandomness).unwrap();
    for length in 0..sealed.len() {
        assert!(key.open(&sealed[..length], SECRET_PLACE).is_err());
    }
}

#[test]
fn no_key_prints() {
    let shown = format!("{:?} {:?}", operator_key(0xab), data_key());
    assert_eq!(shown, "[secret] [secret]");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_changed_byte_breaks_the_seal(
        plaintext in proptest::collection::vec(any::<u8>(), 0..100),
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
    ) {
        let key = data_key();
        let mut sealed = key.seal(&plaintext, SECRET_PLACE, &mut SystemRandomness).unwrap();
        let place = place.index(sealed.len());
        sealed[place] ^= change;
        prop_assert!(key.open(&sealed, SECRET_PLACE).is_err());

        let operator_key = operator_key(9);
        let mut wrapped = key.wrap(&operator_key, KEY_PLACE, &mut SystemRandomness).unwrap();
        let place = place % wrapped.len();
        wrapped[place] ^= change;
        prop_assert!(DataKey::unwrap(&wrapped, &operator_key, KEY_PLACE).is_err());
    }

    #[test]
    fn a_changed_place_breaks_the_seal(
        table in "[a-z]{0,4}", row in "[a-z]{0,4}", column in "[a-z]{0,4}",
        other_table in "[a-z]{0,4}", other_row in "[a-z]{0,4}", other_column in "[a-z]{0,4}",
    ) {
        let key = data_key();
        let place = Place { table: &table, row: &row, column: &column };
        let other = Place { table: &other_table, row: &other_row, column: &other_column };
        let sealed = key.seal(b"secret", place, &mut SystemRandomness).unwrap();
        prop_assert_eq!(key.open(&sealed, other).is_ok(), place == other);
    }
}
