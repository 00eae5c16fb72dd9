//! What somebody wrote into the form.

use std::borrow::Cow;

use url::form_urlencoded;

use crate::failure::Failure;

/// The longest name and the longest id from elsewhere, in characters.
const MAXIMUM_CHARACTERS: usize = 255;
/// The longest address, in bytes (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const MAXIMUM_ADDRESS_BYTES: usize = 254;

/// The form as it was sent, blanks at the ends of its fields left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct JoinForm {
    /// What people call them.
    pub(super) name: String,
    /// Their e-mail address.
    pub(super) email: String,
    /// The id by which the link's owner knows them; empty when the link has none.
    pub(super) extid: String,
}

/// A form without a mistake.
pub(super) struct Answers<'a> {
    /// 1 to 255 characters without control characters.
    pub(super) name: &'a str,
    /// One `@` with something on both sides of it, at most 254 bytes.
    pub(super) email: &'a str,
    /// 1 to 255 characters without control characters.
    pub(super) extid: Option<&'a str>,
}

/// The fields that people fill in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// What people call them.
    Name,
    /// Their e-mail address.
    Email,
}

/// What is wrong with a field, in a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FormError {
    /// Which field.
    pub(super) field: Field,
    /// What is wrong and what to do.
    pub(super) sentence: &'static str,
}

impl JoinForm {
    /// An empty form behind a link with this query. Parameters other than `extid` are somebody else's.
    pub(super) fn of_link(query: &[u8]) -> Result<Self, Failure> {
        let extid = field(query, "extid");
        Self::with_right_extid(Self { extid, ..Self::default() })
    }

    /// The form in this body.
    pub(super) fn filled_in(body: &[u8]) -> Result<Self, Failure> {
        let [name, email, extid] = ["name", "email", "extid"].map(|name| field(body, name));
        Self::with_right_extid(Self { name, email, extid })
    }

    /// A wrong `extid` is not the mistake of the person who fills in the form, who cannot see it.
    fn with_right_extid(self) -> Result<Self, Failure> {
        let is_right =
            self.extid.chars().count() <= MAXIMUM_CHARACTERS && !self.extid.chars().any(char::is_control);
        let detail = "the link's extid has more than 255 characters or a control character";
        if is_right { Ok(self) } else { Err(Failure::invalid_request(detail)) }
    }

    /// The answers, or everything that is wrong with them.
    pub(super) fn check(&self) -> Result<Answers<'_>, Vec<FormError>> {
        let found = [(Field::Name, name_error(&self.name)), (Field::Email, email_error(&self.email))];
        let errors: Vec<FormError> = found
            .into_iter()
            .filter_map(|(field, sentence)| sentence.map(|sentence| FormError { field, sentence }))
            .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let extid = Some(self.extid.as_str()).filter(|extid| !extid.is_empty());
        Ok(Answers { name: &self.name, email: &self.email, extid })
    }
}

/// The first field of this name; empty when there is none.
fn field(form: &[u8], name: &str) -> String {
    let mut fields = form_urlencoded::parse(form);
    let found = fields.find(|(found, _)| found == name).map_or(Cow::Borrowed(""), |(_, value)| value);
    found.trim().to_owned()
}

fn name_error(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("Enter your name.")
    } else if name.chars().count() > MAXIMUM_CHARACTERS {
        Some("Enter a name of at most 255 characters.")
    } else if name.chars().any(char::is_control) {
        Some("Enter your name in letters.")
    } else {
        None
    }
}

/// Whether mail arrives only a mail can tell; this finds slips of the hand.
fn email_error(email: &str) -> Option<&'static str> {
    let is_blank = |letter: char| letter.is_control() || letter.is_whitespace();
    if email.is_empty() {
        return Some("Enter your e-mail address.");
    }
    if email.len() > MAXIMUM_ADDRESS_BYTES {
        return Some("Enter an e-mail address of at most 254 characters.");
    }
    match email.split_once('@') {
        Some((local, domain))
            if !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !email.contains(is_blank) =>
        {
            None
        }
        _ => Some("Enter an e-mail address such as name@example.com."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(name: &str, email: &str) -> Vec<&'static str> {
        let form = JoinForm { name: name.to_owned(), email: email.to_owned(), extid: String::new() };
        let errors = form.check().map(|_| ()).err().unwrap_or_default();
        errors.into_iter().map(|error| error.sentence).collect()
    }

    #[test]
    fn plausible_answers_pass() {
        let long_name = "é".repeat(255);
        let long_address = format!("{}@example.com", "a".repeat(242));
        for (name, email) in [
            ("Ann", "ann@example.com"),
            ("X Æ A-12 O'Brien", "o'brien+tag@sub.example.com"),
            (long_name.as_str(), long_address.as_str()),
            ("山田 太郎", "山田@例え.jp"),
        ] {
            assert_eq!(sentence(name, email), [""; 0], "{name} {email}");
        }
    }

    #[test]
    fn slips_of_the_hand_are_found() {
        assert_eq!(sentence("", ""), ["Enter your name.", "Enter your e-mail address."]);
        assert_eq!(sentence(&"é".repeat(256), "a@b.c"), ["Enter a name of at most 255 characters."]);
        assert_eq!(sentence("A\u{7}nn", "a@b.c"), ["Enter your name in letters."]);
        for email in ["ann", "@", "ann@", "@example.com", "a@b@c", "a n@example.com", "a\n@example.com"] {
            assert_eq!(
                sentence("Ann", email),
                ["Enter an e-mail address such as name@example.com."],
                "{email}"
            );
        }
        let long_address = format!("{}@example.com", "a".repeat(243));
        assert_eq!(sentence("Ann", &long_address), ["Enter an e-mail address of at most 254 characters."]);
    }

    #[test]
    fn a_form_is_read_as_browsers_send_it() {
        let form = JoinForm::filled_in(b"name=+Ann+%C3%89+&email=ann%2Bx%40example.com&extid=a%26b&email=b")
            .unwrap();
        let expected = JoinForm {
            name: String::from("Ann É"),
            email: String::from("ann+x@example.com"),
            extid: String::from("a&b"),
        };
        assert_eq!(form, expected);
        assert_eq!(JoinForm::of_link(b"utm_source=mail&name=x").unwrap(), JoinForm::default());
        assert!(JoinForm::of_link(b"extid=a%00b").is_err());
        assert!(JoinForm::of_link(format!("extid={}", "x".repeat(256)).as_bytes()).is_err());
    }
}
