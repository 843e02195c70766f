//! Seconds of 1970 to calendar text, without time zones (the source's datetimes have none).

const DAY: i64 = 86_400;

/// Days from 1970-01-01 to the first of a month (Howard Hinnant's `days_from_civil`).
fn days(year: i64, month: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// First second of a month.
pub(super) fn month_start(year: i64, month: i64) -> i64 {
    days(year, month) * DAY
}

/// Year, month, day of a day number.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Appends `YYYY-MM-DDTHH:MM:SS`.
pub(super) fn push_datetime(seconds: i64, out: &mut Vec<u8>) {
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let mut text = *b"0000-00-00T00:00:00";
    let mut set = |at: usize, value: i64| {
        text[at] += u8::try_from(value / 10 % 10).unwrap_or_default();
        text[at + 1] += u8::try_from(value % 10).unwrap_or_default();
    };
    set(0, year / 100);
    set(2, year % 100);
    set(5, month);
    set(8, day);
    set(11, second / 3_600);
    set(14, second / 60 % 60);
    set(17, second % 60);
    out.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seconds: i64) -> String {
        let mut out = Vec::new();
        push_datetime(seconds, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_moments() {
        assert_eq!(text(0), "1970-01-01T00:00:00");
        assert_eq!(text(1_445_397_467), "2015-10-21T03:17:47");
        assert_eq!(text(1_666_202_066), "2022-10-19T17:54:26");
        assert_eq!(text(951_782_399), "2000-02-28T23:59:59");
        assert_eq!(text(951_868_799), "2000-02-29T23:59:59");
        assert_eq!(text(month_start(2016, 3)), "2016-03-01T00:00:00");
        assert_eq!(text(month_start(2017, 1) - 1), "2016-12-31T23:59:59");
    }
}
