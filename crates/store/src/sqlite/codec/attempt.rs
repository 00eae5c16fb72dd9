//! The facts of an attempt in 16 to 32 bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | form: 1 |
//! | 1 | which parts follow: bit 0 the result is a status (otherwise a cause), bits 1 to 4 DNS, connect, TLS, first byte; bits 5 and 6: the stage |
//! | 8 | when it began, in milliseconds since 1970 |
//! | 2 | HTTP status or number of the cause |
//! | 4 each | the times named above, then the whole; in microseconds, at most 71 minutes |

use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::time::Timestamp;

use super::bytes_reader::BytesReader;
use crate::read::LastAttempt;
use crate::record::{AttemptRecord, AttemptResult, AttemptTiming};

const FORM: u8 = 1;
const IS_STATUS: u8 = 1;
const HAS_DNS: u8 = 2;
const HAS_CONNECT: u8 = 4;
const HAS_TLS: u8 = 8;
const HAS_FIRST_BYTE: u8 = 16;
const STAGE_SHIFT: u8 = 5;
const STAGE_MASK: u8 = 3;

/// Packs what is shown of the last attempt.
pub(in crate::sqlite) fn pack_attempt(attempt: &AttemptRecord) -> Vec<u8> {
    let (kind, result) = match attempt.result {
        AttemptResult::Status(status) => (IS_STATUS, status),
        AttemptResult::Failed(cause) => (0, u16::from(cause.number())),
    };
    let kind = kind | (attempt.stage.code() << STAGE_SHIFT);
    let timing = &attempt.timing;
    let parts = [
        (HAS_DNS, timing.dns),
        (HAS_CONNECT, timing.connect),
        (HAS_TLS, timing.tls),
        (HAS_FIRST_BYTE, timing.first_byte),
    ];
    let flags = parts.iter().filter(|(_, time)| time.is_some()).fold(kind, |flags, (flag, _)| flags | flag);
    let mut packed = Vec::with_capacity(32);
    packed.extend_from_slice(&[FORM, flags]);
    packed.extend_from_slice(&attempt.started_at.milliseconds().to_le_bytes());
    packed.extend_from_slice(&result.to_le_bytes());
    for time in parts.iter().filter_map(|(_, time)| *time).chain([timing.total]) {
        packed.extend_from_slice(&microseconds(time).to_le_bytes());
    }
    packed
}

fn microseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// Reads what [`pack_attempt`] packed; `None` when it is damaged.
pub(in crate::sqlite) fn unpack_attempt(packed: &[u8]) -> Option<LastAttempt> {
    let mut reader = BytesReader::new(packed, FORM)?;
    let flags = reader.byte()?;
    let stage = Stage::from_code((flags >> STAGE_SHIFT) & STAGE_MASK)?;
    let started_at = Timestamp::from_milliseconds(reader.i64()?);
    let result = reader.u16()?;
    let result = if flags & IS_STATUS != 0 {
        AttemptResult::Status(result)
    } else {
        AttemptResult::Failed(Cause::from_number(u8::try_from(result).ok()?)?)
    };
    let mut time = |flag| -> Option<Option<Duration>> {
        if flags & flag == 0 {
            return Some(None);
        }
        reader.u32().map(|time| Some(Duration::from_micros(u64::from(time))))
    };
    let dns = time(HAS_DNS)?;
    let connect = time(HAS_CONNECT)?;
    let tls = time(HAS_TLS)?;
    let first_byte = time(HAS_FIRST_BYTE)?;
    let total = Duration::from_micros(u64::from(reader.u32()?));
    let timing = AttemptTiming { dns, connect, tls, first_byte, total };
    reader.is_empty().then_some(LastAttempt { started_at, stage, result, timing })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time() -> impl Strategy<Value = Duration> {
        any::<u32>().prop_map(|microseconds| Duration::from_micros(u64::from(microseconds)))
    }

    fn attempt() -> impl Strategy<Value = AttemptRecord> {
        let result = prop_oneof![
            (100_u16..1_000).prop_map(AttemptResult::Status),
            prop::sample::select(Cause::ALL).prop_map(AttemptResult::Failed),
        ];
        let part = || prop::option::of(time());
        let stage = prop::sample::select(Stage::ALL.as_slice());
        ((stage, result), any::<i64>(), part(), part(), part(), part(), time()).prop_map(
            |((stage, result), started_at, dns, connect, tls, first_byte, total)| AttemptRecord {
                number: 1,
                started_at: Timestamp::from_milliseconds(started_at),
                stage,
                result,
                timing: AttemptTiming { dns, connect, tls, first_byte, total },
                exchange: None,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_packed_reads_back(attempt in attempt()) {
            let packed = pack_attempt(&attempt);
            prop_assert!(packed.len() <= 100);
            let expected =
                LastAttempt { started_at: attempt.started_at, stage: attempt.stage, result: attempt.result, timing: attempt.timing };
            prop_assert_eq!(unpack_attempt(&packed), Some(expected));
        }

        #[test]
        fn what_is_cut_off_or_of_another_form_is_damaged(attempt in attempt(), cut in any::<prop::sample::Index>()) {
            let mut packed = pack_attempt(&attempt);
            prop_assert_eq!(unpack_attempt(&packed[..cut.index(packed.len())]), None);
            packed.push(0);
            prop_assert_eq!(unpack_attempt(&packed), None);
            packed.pop();
            packed[0] = 2;
            prop_assert_eq!(unpack_attempt(&packed), None);
        }
    }

    #[test]
    fn times_beyond_the_range_stay_at_its_end() {
        let attempt = AttemptRecord {
            number: 1,
            started_at: Timestamp::EARLIEST,
            stage: Stage::Target,
            result: AttemptResult::Status(200),
            timing: AttemptTiming { total: Duration::from_secs(100_000), ..AttemptTiming::default() },
            exchange: None,
        };
        let unpacked = unpack_attempt(&pack_attempt(&attempt)).unwrap();
        assert_eq!(unpacked.timing.total, Duration::from_micros(u64::from(u32::MAX)));
    }
}
