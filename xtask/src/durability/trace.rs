//! Reading the trace, and what has to lie between a publish and its acknowledgement.

use std::collections::HashMap;

/// What the trace shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Publishes that came in and were answered with success.
    pub(super) acknowledged: usize,
    /// How often the log was made durable.
    pub(super) syncs: usize,
    /// For each that was answered before it was durable, what is wrong.
    pub(super) early: Vec<String>,
}

/// A line is not one of the trace.
#[derive(Debug, thiserror::Error)]
#[error("line {number} of the trace cannot be understood: {line}")]
pub(super) struct UnreadableTrace {
    number: usize,
    line: String,
}

/// A call that made the log durable, from its begin to its end.
struct Sync {
    begin: u64,
    end: u64,
}

/// A publish on its way.
struct Publish {
    mark: String,
    came: u64,
}

/// Checks for each acknowledged publish, in this order and without overlap: it came in, it was written to the log, the log was
/// made durable, the answer began to leave.
///
/// One connection has one publish open at a time, so an answer belongs to what came in before it.
pub(super) fn check(trace: &str) -> Result<Findings, UnreadableTrace> {
    let facts = read(trace)?;
    let mut logged: HashMap<&str, u64> = HashMap::new();
    let mut syncs = Vec::new();
    for fact in &facts {
        match fact.what {
            // A page that was written for one publish holds marks of earlier ones too; the first write of a mark is its own.
            "log" => {
                let first = logged.entry(fact.text).or_insert(fact.end);
                *first = fact.end.min(*first);
            }
            "sync" => syncs.push(Sync { begin: fact.begin, end: fact.end }),
            _ => {}
        }
    }
    let mut findings = Findings { syncs: syncs.len(), ..Findings::default() };
    let mut open: HashMap<u32, Publish> = HashMap::new();
    for fact in &facts {
        match fact.what {
            "in" => {
                let publish = Publish { mark: fact.text.to_owned(), came: fact.end };
                open.entry(fact.descriptor).or_insert(publish);
            }
            "out" => {
                let Some(publish) = open.remove(&fact.descriptor) else { continue };
                if fact.text.starts_with('2') {
                    findings.acknowledged += 1;
                    let wrong = fault(&publish, logged.get(publish.mark.as_str()), &syncs, fact.begin);
                    findings.early.extend(wrong);
                }
            }
            _ => {}
        }
    }
    Ok(findings)
}

/// What is wrong with a publish that was answered at this time.
fn fault(publish: &Publish, logged: Option<&u64>, syncs: &[Sync], answered: u64) -> Option<String> {
    let mark = &publish.mark;
    let Some(logged) = logged else {
        return Some(format!("publish {mark} was never written to the log"));
    };
    if *logged < publish.came {
        return Some(format!("publish {mark} was in the log before it came"));
    }
    let durable = syncs.iter().any(|sync| sync.begin >= *logged && sync.end <= answered);
    (!durable).then(|| {
        let after = answered.saturating_sub(*logged);
        format!("publish {mark} was answered {after} ns after it was written, with no sync in between")
    })
}

/// A line of the trace.
struct Fact<'a> {
    begin: u64,
    end: u64,
    what: &'a str,
    descriptor: u32,
    text: &'a str,
}

/// The facts in the order in which they began; threads write them down in any order.
fn read(trace: &str) -> Result<Vec<Fact<'_>>, UnreadableTrace> {
    let mut facts = Vec::new();
    for (number, line) in trace.lines().enumerate() {
        let fact = fact(line).ok_or_else(|| UnreadableTrace { number: number + 1, line: line.to_owned() })?;
        facts.push(fact);
    }
    facts.sort_by_key(|fact| fact.begin);
    Ok(facts)
}

fn fact(line: &str) -> Option<Fact<'_>> {
    let mut words = line.split(' ');
    let fact = Fact {
        begin: words.next()?.parse().ok()?,
        end: words.next()?.parse().ok()?,
        what: words.next().filter(|what| ["in", "log", "sync", "out"].contains(what))?,
        descriptor: words.next()?.parse().ok()?,
        text: words.next()?,
    };
    words.next().is_none().then_some(fact)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "10 11 in 7 00000001\n20 21 log 4 00000001\n30 35 sync 4 -\n40 40 out 7 202\n";

    #[test]
    fn a_sync_between_the_write_and_the_answer_is_good() {
        let findings = check(GOOD).unwrap();
        assert_eq!(findings, Findings { acknowledged: 1, syncs: 1, early: vec![] });
        assert_eq!(check(&GOOD.replace(" 202", " 503")).unwrap().acknowledged, 0, "refused");
    }

    #[test]
    fn an_answer_without_a_whole_sync_before_it_is_early() {
        for wrong in [
            GOOD.replace("30 35 sync 4 -\n", ""),
            GOOD.replace("30 35", "12 19"),
            GOOD.replace("30 35", "20 35"),
            GOOD.replace("30 35", "30 41"),
            GOOD.replace("30 35", "50 55"),
            GOOD.replace("20 21 log 4 00000001\n", ""),
            GOOD.replace("20 21 log", "5 6 log"),
        ] {
            assert_eq!(check(&wrong).unwrap().early.len(), 1, "{wrong}");
        }
    }

    #[test]
    fn each_connection_and_each_publish_has_its_own_sync() {
        let two = "10 11 in 7 00000001\n12 13 in 8 00000002\n20 21 log 4 00000001\n30 35 sync 4 -\n\
                   36 37 log 4 00000002\n36 37 log 4 00000001\n40 40 out 7 202\n41 41 out 8 202\n";
        let findings = check(two).unwrap();
        assert_eq!(findings.acknowledged, 2);
        let [only] = <[String; 1]>::try_from(findings.early).unwrap();
        assert!(only.starts_with("publish 00000002 was answered 4 ns after it was written"), "{only}");
    }

    #[test]
    fn a_torn_line_is_told() {
        let error = check("10 11 in 7\n").unwrap_err().to_string();
        assert_eq!(error, "line 1 of the trace cannot be understood: 10 11 in 7");
        assert!(check("10 11 walk 7 x\n").is_err());
    }
}
