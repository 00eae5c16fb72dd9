//! When a certificate ends: one field of X.509 (RFC 5280, section 4.1), read without the rest.
//!
//! The certificate was verified before, so that all of it can be believed; what cannot be read is simply not known.

use rendezhook_domain::time::Timestamp;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The tag of the version, which certificates of the first version leave out.
const VERSION: u8 = 0xa0;

/// `notAfter` of a certificate in DER.
pub(crate) fn expires_at(certificate: &[u8]) -> Option<Timestamp> {
    let (to_be_signed, _) = element(content(certificate, SEQUENCE)?)?;
    let mut rest = to_be_signed.sequence()?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.1;
    }
    // Serial number, signature algorithm, issuer; then the validity.
    for _ in 0..3 {
        rest = element(rest)?.1;
    }
    let (_not_before, rest) = element(content(rest, SEQUENCE)?)?;
    let (not_after, _) = element(rest)?;
    time(&not_after)
}

/// One element of DER: its tag and its content.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
}

impl<'a> Element<'a> {
    fn sequence(&self) -> Option<&'a [u8]> {
        (self.tag == SEQUENCE).then_some(self.content)
    }
}

/// The content of the first element, which has to have this tag.
fn content(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (element, _) = element(bytes)?;
    (element.tag == tag).then_some(element.content)
}

/// The first element, and what follows it.
fn element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // A certificate is far below 16 MiB.
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Element { tag, content }, rest))
}

/// A time in one of its two forms (RFC 5280, section 4.1.2.5): `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` after.
fn time(element: &Element<'_>) -> Option<Timestamp> {
    let text = str::from_utf8(element.content).ok()?;
    let (century, digits) = match element.tag {
        UTC_TIME if text < "50" => ("20", text),
        UTC_TIME => ("19", text),
        GENERALIZED_TIME => (text.get(..2)?, text.get(2..)?),
        _ => return None,
    };
    let part = |from: usize| digits.get(from..from + 2);
    let [year, month, day] = [part(0)?, part(2)?, part(4)?];
    let [hour, minute, second] = [part(6)?, part(8)?, part(10)?];
    format!("{century}{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(year: i32, month: u8, day: u8) -> Vec<u8> {
        let mut params = CertificateParams::new(vec![String::from("a.example")]).unwrap();
        params.not_before = date_time_ymd(1975, 1, 1);
        params.not_after = date_time_ymd(year, month, day);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn both_forms_of_time_are_read() {
        for (year, month, day, expected) in [
            (1999, 12, 31, "1999-12-31T00:00:00.000Z"),
            (2026, 2, 28, "2026-02-28T00:00:00.000Z"),
            (2049, 12, 31, "2049-12-31T00:00:00.000Z"),
            (2050, 1, 1, "2050-01-01T00:00:00.000Z"),
            (4096, 1, 1, "4096-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(expires_at(&certificate(year, month, day)).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn half_a_certificate_has_no_end() {
        let whole = certificate(2030, 1, 1);
        for length in 0..whole.len() {
            assert_eq!(expires_at(&whole[..length]), None);
        }
    }

    proptest! {
        #[test]
        fn junk_does_no_harm(bytes: Vec<u8>, place in 0_usize..400, changed: u8) {
            expires_at(&bytes);
            let mut certificate = certificate(2030, 1, 1);
            if let Some(byte) = certificate.get_mut(place) {
                *byte = changed;
            }
            expires_at(&certificate);
        }
    }
}
