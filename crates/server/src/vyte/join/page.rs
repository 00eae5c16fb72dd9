//! The pages of the join link: plain HTML that loads nothing from anywhere.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use ring::digest::{SHA256, digest};

use super::form::{Field, FormError, JoinForm};

/// The style of every page. Browsers apply it because the policy names its hash.
const STYLE: &str = include_str!("page.css");

/// What browsers may do with the pages: apply the style, and send the form to where it came from. Nothing else is loaded, run
/// or framed.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
});

/// The form, with what was filled in and what is wrong with it.
pub(super) fn shown(organization: &str, form: &JoinForm, errors: &[FormError]) -> Response {
    let heading = format!("Join {organization}");
    let title = if errors.is_empty() { heading.clone() } else { format!("Error: {heading}") };
    let first_wrong = errors.first().map(|error| error.field);
    let error_of = |field| errors.iter().find(|error| error.field == field).map(|error| error.sentence);
    let input = |field| Input {
        field,
        value: match field {
            Field::Name => &form.name,
            Field::Email => &form.email,
        },
        error: error_of(field),
        is_focused: first_wrong == Some(field),
    };
    // The address of the form without the link's query, whose extid the hidden field holds.
    let mut body = String::from("<form method=\"post\" action=\"join\" novalidate>\n");
    input(Field::Name).write(&mut body);
    input(Field::Email).write(&mut body);
    push(
        &mut body,
        format_args!("<input type=\"hidden\" name=\"extid\" value=\"{}\">\n", Escaped(&form.extid)),
    );
    body.push_str("<button type=\"submit\">Join</button>\n</form>\n");
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    (status, Page { title: &title, heading: &heading, body: &body }).into_response()
}

/// What everybody sees who has sent the form, a user already or not.
pub(super) fn joined(organization: &str) -> Response {
    let heading = format!("You are a member of {organization}");
    Page { title: &heading, heading: &heading, body: "<p>You can close this page now.</p>\n" }.into_response()
}

/// A form that came too soon after others.
pub(super) fn too_many(seconds: u64) -> Response {
    let body = format!(
        "<p>Many forms were sent in a short time. Wait {seconds} seconds and send yours again.</p>\n"
    );
    Page { title: "Please wait", heading: "Please wait", body: &body }.into_response()
}

/// A request that is not done: headers and page. What the reader cannot change is not explained.
pub(crate) fn failure(status: StatusCode) -> (HeaderMap, Bytes) {
    let (heading, body) = match status {
        StatusCode::NOT_FOUND => {
            ("There is no such page", "<p>Check the link, or ask whoever gave it to you for a new one.</p>\n")
        }
        StatusCode::TOO_MANY_REQUESTS => {
            ("Not now", "<p>There is too much to do at this moment. Go back and try again in a minute.</p>\n")
        }
        status if status.is_server_error() => {
            ("This did not work", "<p>The fault is ours. Go back and try again in a moment.</p>\n")
        }
        _ => (
            "This link does not work",
            "<p>Something is wrong with it. Ask whoever gave it to you for a new one.</p>\n",
        ),
    };
    (headers(), Bytes::from(Page { title: heading, heading, body }.html()))
}

/// A whole page. `body` is HTML, the others are texts.
struct Page<'a> {
    title: &'a str,
    heading: &'a str,
    body: &'a str,
}

impl Page<'_> {
    fn html(&self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main>\n<h1>{}</h1>\n{}</main>\n</body>\n</html>\n",
            Escaped(self.title),
            Escaped(self.heading),
            self.body
        )
    }
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        (headers(), self.html()).into_response()
    }
}

/// What every page is sent with.
fn headers() -> HeaderMap {
    let fixed = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        // The address of the form holds the extid.
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // For browsers that do not know frame-ancestors.
        (X_FRAME_OPTIONS, "DENY"),
    ];
    let mut headers: HeaderMap =
        fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers
}

/// A field of the form with its label and, when it is wrong, a sentence that screen readers connect with it.
struct Input<'a> {
    field: Field,
    value: &'a str,
    error: Option<&'static str>,
    is_focused: bool,
}

impl Input<'_> {
    fn write(&self, html: &mut String) {
        let (id, label, kind, autocomplete, maximum) = match self.field {
            Field::Name => ("name", "Name", "text", "name", 255),
            Field::Email => ("email", "E-mail address", "email", "email", 254),
        };
        push(html, format_args!("<label for=\"{id}\">{label}</label>\n"));
        if let Some(sentence) = self.error {
            push(html, format_args!("<p class=\"error\" id=\"{id}-error\">{sentence}</p>\n"));
        }
        push(
            html,
            format_args!(
                "<input type=\"{kind}\" id=\"{id}\" name=\"{id}\" value=\"{}\" autocomplete=\"{autocomplete}\" \
                 maxlength=\"{maximum}\" required",
                Escaped(self.value)
            ),
        );
        if self.error.is_some() {
            push(html, format_args!(" aria-invalid=\"true\" aria-describedby=\"{id}-error\""));
        }
        html.push_str(if self.is_focused { " autofocus>\n" } else { ">\n" });
    }
}

/// Writing to a text cannot fail.
fn push(html: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = html.write_fmt(text);
}

/// A text in HTML, between tags or as the value of an attribute.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                other => formatter.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Escaped;

    #[test]
    fn no_text_leaves_its_place() {
        let text = r#""><script>alert('&amp;')</script>"#;
        let expected = "&quot;&gt;&lt;script&gt;alert(&#39;&amp;amp;&#39;)&lt;/script&gt;";
        assert_eq!(Escaped(text).to_string(), expected);
    }
}
