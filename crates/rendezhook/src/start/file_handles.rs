//! How many files and connections the process may have open.

/// Lets the process have as many as the system allows it, and tells how many that are; `None` when it sets no bound.
///
/// Services often begin with 1,024 and may have many more: connections to receivers alone can need that many.
#[cfg(unix)]
pub(super) fn raise() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    let allowed = limit.current;
    if limit.current == limit.maximum {
        return allowed;
    }
    limit.current = limit.maximum;
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => limit.current,
        Err(error) => {
            tracing::warn!(%error, ?allowed, "the number of files that may be open cannot be raised");
            allowed
        }
    }
}

/// Other systems tell nothing of a bound.
#[cfg(not(unix))]
pub(super) fn raise() -> Option<u64> {
    None
}

/// How many connections to receivers may be kept while nothing is sent over them: no more than half of what may be open, which leaves the
/// rest to the API, the store and what is under way.
pub(super) fn kept_connections(handles: Option<u64>) -> usize {
    let half = handles.and_then(|handles| usize::try_from(handles / 2).ok());
    half.map_or(MOST_KEPT, |half| half.min(MOST_KEPT))
}

/// One over TLS takes up to 20 KiB of memory, a plain one up to 8: 200 MiB at most, beside the HTTP machines of those kept awake.
const MOST_KEPT: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_handles_are_left_to_everything_else() {
        assert_eq!(kept_connections(Some(1_024)), 512);
        assert_eq!(kept_connections(Some(4_096)), 2_048);
        assert_eq!(kept_connections(Some(1_048_576)), MOST_KEPT);
        assert_eq!(kept_connections(None), MOST_KEPT);
    }

    #[cfg(unix)]
    #[test]
    fn what_the_system_allows_is_used() {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        assert_eq!(raise(), limit.maximum);
        assert_eq!(rustix::process::getrlimit(rustix::process::Resource::Nofile).current, limit.maximum);
    }
}
