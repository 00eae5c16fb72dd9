//! Attacks of receivers and their name servers on the real egress, over real sockets.
//!
//! Each test plays one attack [many times at once](bounds::AT_ONCE), alone in the process and with a clock that stands still
//! but for what the test advances it by. Beside the outcome it checks that [memory and file handles](bounds) stayed within
//! bounds. Both are read from `/proc`, so these tests run on Linux only.
//!
//! | attack | test |
//! |---|---|
//! | DNS that flips between check and connect | `names::dns_that_flips_between_check_and_connect` |
//! | public and internal answers mixed | `names::public_and_internal_answers_mixed` |
//! | `CNAME` to an internal name, or to itself | `names::an_alias_of_an_internal_name`, `names::an_alias_of_itself` |
//! | internal by `AAAA` only | `names::internal_by_aaaa_only` |
//! | time to live 0 | `names::a_time_to_live_of_zero` |
//! | 1,000 addresses | `names::a_thousand_addresses` |
//! | redirects inside: 301, 302, 303, 307, 308 | `answers::redirects_to_the_inside` |
//! | head dripped, without end, of 100,000 fields | `heads::a_dripped_head`, `heads::a_head_without_end`, `heads::a_hundred_thousand_fields` |
//! | 1xx without end, flooding or dripped | `heads::interim_responses_without_end` |
//! | body dripped | `bodies::a_dripped_body` |
//! | body of 10 GB: by length, in chunks, to the end | `bodies::ten_gigabytes` |
//! | chunk extensions, trailers, chunk sizes without end | `bodies::framing_without_end` |
//! | gzip bomb | `answers::a_bomb_in_codings` |
//! | accepts and never reads or answers | `connections::neither_reading_nor_answering` |
//! | resets after half the body | `connections::a_reset_after_half_the_body` |
//! | 200 before the body was read | `connections::an_answer_before_the_body_was_read` |
//! | TLS stalls, or drips, after the `ClientHello` | `handshakes::stalling_after_the_client_hello` |
//! | certificate for another name | `handshakes::a_certificate_for_another_name` |
//! | line ends in the URL | `requests::line_ends_in_a_url` |
//!
//! Line ends in custom headers and in names of actions, ids with a full stop, large and deeply nested bodies, foreign ids and
//! the time that a wrong key takes are tested where requests come in: in the server's tests.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod answers;
#[cfg(test)]
#[expect(dead_code, reason = "shared with the tests of egress, which use the rest of it")]
#[path = "../egress/authority.rs"]
mod authority;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod handshakes;
#[cfg(test)]
mod heads;
#[cfg(test)]
mod name_server;
#[cfg(test)]
mod names;
#[cfg(test)]
mod requests;
#[cfg(test)]
#[expect(dead_code, reason = "shared with the tests of egress, which use the rest of it")]
#[path = "../egress/support.rs"]
mod support;
