//! Trying again: what may pass, and how long is waited between tries.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use super::fault::{Fault, TOO_MANY};

/// Waits between tries: at random up to a limit that doubles (AWS: "Exponential backoff and jitter").
const BASE: Duration = Duration::from_millis(50);
const CAP: Duration = Duration::from_secs(10);

/// What is only read is asked for again for so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether a later try may be accepted.
pub(crate) fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "InternalFailure"
            | "InternalFailureException"
            | "LimitExceededException"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "ThrottlingException"
            | "KMSThrottlingException"
            | "RequestExpired"
            | TOO_MANY
    )
}

/// A random part of a limit that doubles with each try.
pub(crate) fn pause(tries: u32) -> Duration {
    let limit = BASE.saturating_mul(1 << tries.min(16)).min(CAP);
    // Each of these states is seeded anew.
    let part = RandomState::new().build_hasher().finish() % 1_000;
    limit.mul_f64(part as f64 / 1_000.0)
}

/// Asks until there is an answer, or a fault that does not pass, or patience is over.
pub(super) async fn patiently<T, F: Future<Output = Result<T, Fault>>>(
    ask: impl Fn() -> F,
) -> Result<T, Fault> {
    let began = Instant::now();
    let mut tries = 0;
    loop {
        match ask().await {
            Err(fault) if fault.code.as_deref().is_none_or(is_passing) && began.elapsed() < PATIENCE => {
                tokio::time::sleep(pause(tries)).await;
                tries += 1;
            }
            told => return told,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_differ() {
        for tries in 0..40 {
            assert!(pause(tries) <= BASE.saturating_mul(1 << tries.min(16)).min(CAP));
        }
        let waits: std::collections::HashSet<_> = (0..50).map(|_| pause(20)).collect();
        assert!(waits.len() > 10);
    }
}
