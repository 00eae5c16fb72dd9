use super::*;
use crate::randomness::SystemRandomness;

/// Fills each buffer with one byte: the next of the script.
struct Scripted(Vec<u8>);

impl Randomness for Scripted {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        bytes.fill(self.0.remove(0));
        Ok(())
    }
}

#[test]
fn a_key_has_the_form_of_the_vyte_document() {
    let key = ApiKey::generate(&mut SystemRandomness).unwrap();
    assert_eq!(key.reveal().len(), 50);
    assert!(key.reveal().bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()));
    assert_eq!(ApiKey::parse(key.reveal()).unwrap().hash(), key.hash());
    assert_ne!(ApiKey::generate(&mut SystemRandomness).unwrap().reveal(), key.reveal());
}

#[test]
fn bytes_that_would_favour_a_character_are_thrown_away() {
    let key = |script: &[u8]| ApiKey::generate(&mut Scripted(script.to_vec())).unwrap().reveal().to_owned();
    assert_eq!(key(&[252, 253, 254, 255, 251]), "z".repeat(50));
    assert_eq!(key(&[0]), "0".repeat(50));
    assert_eq!(key(&[36 + 10]), "a".repeat(50));
}

#[test]
fn refuses_other_texts_without_repeating_them() {
    let upper = "A".repeat(50);
    for text in [
        "",
        "2lnpjjrurrl49xja5oo0qujtl60embr7zppiphc5fcav4n7yc",
        upper.as_str(),
        "é2lnpjjrurrl49xja5oo0qujtl60embr7zppiphc5fcav4n7y",
    ] {
        let error = ApiKey::parse(text).unwrap_err();
        assert!(text.is_empty() || !error.to_string().contains(text));
    }
    assert!(ApiKey::parse("2lnpjjrurrl49xja5oo0qujtl60embr7zppiphc5fcav4n7ycx").is_ok());
}

#[test]
fn the_hash_is_sha256_of_the_text() {
    let expected = [
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0,
        0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    ];
    let hash = KeyHash::of_presented("abc");
    assert_eq!(hash.as_bytes(), &expected);
    assert_eq!(hash.lookup(), expected[..8]);
    assert_eq!(hash, KeyHash::from_bytes(expected));
}

#[test]
fn a_text_longer_than_any_key_is_cut_but_equals_no_shorter_one() {
    let longest = "k".repeat(256);
    let longer = "k".repeat(257);
    assert_ne!(KeyHash::of_presented(&longest), KeyHash::of_presented(&longer));
    assert_ne!(KeyHash::of_presented(&longest), KeyHash::of_presented(&longest[..255]));
    assert_eq!(KeyHash::of_presented(&longer), KeyHash::of_presented(&"k".repeat(100_000)));
}

#[test]
fn neither_key_nor_hash_prints() {
    let key = ApiKey::generate(&mut SystemRandomness).unwrap();
    assert_eq!(format!("{key:?} {:?}", key.hash()), "[secret] [key hash]");
}
