//! Properties: a content line taken apart into name, parameters and value.

use std::str;

use ical_vcard::Contentline;

use super::flaw::Flaw;
use super::lines::ContentLine;

/// The properties that are read. Others are passed over without being looked at, so that nothing wrong in them matters.
const READ: [&str; 34] = [
    "ATTENDEE",
    "BEGIN",
    "CATEGORIES",
    "CLASS",
    "CONFERENCE",
    "CREATED",
    "DESCRIPTION",
    "DTEND",
    "DTSTAMP",
    "DTSTART",
    "DURATION",
    "END",
    "EXDATE",
    "LAST-MODIFIED",
    "LOCATION",
    "METHOD",
    "ORGANIZER",
    "RDATE",
    "RECURRENCE-ID",
    "RRULE",
    "SEQUENCE",
    "STATUS",
    "SUMMARY",
    "TIMEZONE-ID",
    "TZID",
    "TZOFFSETFROM",
    "TZOFFSETTO",
    "UID",
    "URL",
    "VERSION",
    "X-GOOGLE-CONFERENCE",
    "X-LIC-LOCATION",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-WR-TIMEZONE",
];

/// One property that is read.
#[derive(Debug)]
pub(super) struct Property {
    /// The physical line it begins on.
    pub(super) line: usize,
    pub(super) name: &'static str,
    parameters: Box<[(String, String)]>,
    /// The value as written: escapes in text are still there.
    pub(super) value: Box<str>,
}

/// A line that cannot be taken apart, with the property it was meant to be where that can be told.
#[derive(Debug)]
pub(super) struct UnreadableLine {
    pub(super) name: Option<&'static str>,
    pub(super) flaw: Flaw,
}

impl Property {
    /// Takes a content line apart. `None` for a property that is not read.
    pub(super) fn parse(content: &ContentLine<'_>) -> Result<Option<Self>, UnreadableLine> {
        let unnamed = |flaw| UnreadableLine { name: None, flaw };
        let name_length = content.bytes.iter().position(|byte| matches!(byte, b':' | b';'));
        let written_name = name_length.and_then(|length| content.bytes.get(..length));
        let written_name = written_name.ok_or_else(|| unnamed(Flaw::NoColon))?;
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if written_name.is_empty() || !written_name.iter().all(is_name) {
            return Err(unnamed(Flaw::NoName));
        }
        let name = READ.into_iter().find(|name| name.as_bytes().eq_ignore_ascii_case(written_name));
        let Some(name) = name else { return Ok(None) };

        let named = |flaw| UnreadableLine { name: Some(name), flaw };
        let text = str::from_utf8(&content.bytes).map_err(|_| named(Flaw::NotUtf8))?;
        let parsed: Contentline = if text.contains(is_stray_control) {
            text.replace(is_stray_control, "").parse()
        } else {
            text.parse()
        }
        .map_err(|_| named(Flaw::Parameters(name)))?;
        let mut property = Self {
            line: content.number,
            name,
            parameters: parsed.params().iter().map(parameter).collect(),
            value: parsed.value().trim_end().into(),
        };
        property.mend_zone();
        Ok(Some(property))
    }

    /// Exchange names zones `tzone://Microsoft/Custom` without the quotation marks that the colon needs, so that the
    /// rest of the name ends up in the value. No date or time contains a colon itself.
    fn mend_zone(&mut self) {
        let zone = self.parameters.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("TZID"));
        if let (Some((_, zone)), Some((rest_of_zone, value))) = (zone, self.value.rsplit_once(':')) {
            zone.push(':');
            zone.push_str(rest_of_zone);
            self.value = value.into();
        }
    }

    /// A parameter's value without quotation marks; `name` in upper case.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(written, _)| written.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value as text, its escapes resolved and white space around it removed (RFC 5545 section 3.3.11).
    pub(super) fn text(&self) -> String {
        unescaped(&self.value)
    }

    /// The values of a list of texts, which commas without a backslash separate.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut escaped = false;
        let at_separator = move |character: char| {
            let separates = character == ',' && !escaped;
            escaped = character == '\\' && !escaped;
            separates
        };
        self.value.split(at_separator).map(unescaped).filter(|text| !text.is_empty()).collect()
    }
}

/// Exporters let control characters slip into descriptions (a vertical tab for a line break, for one); they carry
/// nothing, and refusing the line would lose the description.
fn is_stray_control(character: char) -> bool {
    character.is_ascii_control() && character != '\t'
}

/// A comma in an unquoted parameter separates values, but in practice it is a name like `Doe, John` without the
/// quotation marks it needs; no parameter read here is a list.
fn parameter(parameter: &ical_vcard::Param) -> (String, String) {
    let values: Vec<&str> = parameter.values().iter().map(ical_vcard::ParamValue::as_str).collect();
    (parameter.name().to_owned(), values.join(",").trim().to_owned())
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next_if(|next| matches!(next, 'n' | 'N' | '\\' | ',' | ';' | ':' | '"')) {
            Some('n' | 'N') => text.push('\n'),
            Some(escaped) => text.push(escaped),
            None => text.push('\\'),
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests;
