//! When posts are sent.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How fast posts are sent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Pace {
    /// As fast as can be.
    #[default]
    Max,
    /// So many posts a second, by intended times: falling behind does not slow the rest down.
    Rate(f64),
    /// A pause of 0 or 1 s before each post, as in the original emulators.
    Course,
}

impl Pace {
    /// Reads `max`, `course` or a number of posts a second.
    ///
    /// # Errors
    /// [`Error::Config`] for anything else.
    ///
    /// ```
    /// use pinlake::emulate::Pace;
    /// assert_eq!(Pace::parse("2.5").unwrap(), Pace::Rate(2.5));
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "max" => return Ok(Self::Max),
            "course" => return Ok(Self::Course),
            _ => {}
        }
        match text.parse::<f64>() {
            Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(Self::Rate(rate)),
            _ => Err(Error::Config(format!(
                "rate {text:?}: use max, course or a number of posts a second above 0"
            ))),
        }
    }
}

/// How often a stop is looked for while waiting.
const NAP: Duration = Duration::from_millis(20);

/// Posts due within this time are sent together.
const TICKS_A_SECOND: f64 = 20.0;

/// Longer waits are as good as for ever.
const LONG: f64 = 1e9;

pub(super) struct Clock {
    pace: Pace,
    started: Instant,
    /// The post that is due at the start.
    first: u64,
    /// Seconds from the start to the last post asked for, and the one after it.
    slept: f64,
    next: u64,
}

impl Clock {
    pub(super) fn new(pace: Pace, started: Instant, first: u64) -> Self {
        Self { pace, started, first, slept: 0.0, next: first }
    }

    /// How many posts may go together.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
    pub(super) fn chunk(&self) -> u64 {
        match self.pace {
            Pace::Max => u64::MAX,
            Pace::Rate(rate) => ((rate / TICKS_A_SECOND) as u64).max(1),
            Pace::Course => 1,
        }
    }

    /// When post `n` is due; for a pace with pauses, ask in ascending order.
    #[allow(clippy::cast_precision_loss)] // no run has 2^53 posts
    pub(super) fn due(&mut self, n: u64, pause: impl Fn(u64) -> u64) -> Instant {
        let seconds = match self.pace {
            Pace::Max => 0.0,
            Pace::Rate(rate) => n.saturating_sub(self.first) as f64 / rate,
            Pace::Course => {
                while self.next <= n {
                    self.slept += pause(self.next) as f64;
                    self.next += 1;
                }
                self.slept
            }
        };
        self.started + Duration::from_secs_f64(seconds.min(LONG))
    }

    /// Waits until `due`; `false` if a stop or the limit came first.
    pub(super) fn wait(&self, due: Instant, limit: Option<Instant>, stopped: impl Fn() -> bool) -> bool {
        loop {
            let now = Instant::now();
            if stopped() || limit.is_some_and(|limit| now >= limit) {
                return false;
            }
            if now >= due {
                return true;
            }
            std::thread::sleep((due - now).min(NAP));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers() {
        assert_eq!(Pace::parse("max").unwrap(), Pace::Max);
        assert_eq!(Pace::parse("course").unwrap(), Pace::Course);
        for text in ["0", "-1", "inf", "NaN", "fast", ""] {
            assert!(Pace::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn posts_are_due_at_intended_times() {
        let started = Instant::now();
        let mut clock = Clock::new(Pace::Rate(4.0), started, 10);
        assert_eq!(clock.due(16, |_| 0) - started, Duration::from_millis(1_500));
        let mut clock = Clock::new(Pace::Course, started, 0);
        assert_eq!(clock.due(3, |n| n % 2) - started, Duration::from_secs(2));
        assert_eq!(clock.due(5, |n| n % 2) - started, Duration::from_secs(3));
    }
}
