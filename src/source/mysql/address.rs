//! `mysql://[user@]host[:port]/database[?name=value&…]`, every part of which may be absent.

use crate::error::{Error, Result};
use crate::source::Options;

/// How every URL of a database begins.
pub const SCHEME: &str = "mysql://";

/// What a URL says. Nothing is percent-decoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) user: Option<String>,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) database: Option<String>,
    /// What stands behind the question mark.
    pub(super) options: Options,
}

impl Address {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// [`Error::Config`] for another form; one that holds a password is not repeated.
    pub(super) fn parse(url: &str) -> Result<Self> {
        let wrong = |why: &str| Error::Config(format!("{why}: use mysql://[user@]host[:3306]/database"));
        let rest = url.strip_prefix(SCHEME).ok_or_else(|| wrong("no URL of MySQL or MariaDB"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, place) = match place.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => {
                return Err(Error::Config(
                    "a mysql:// URL holds no password; set PINLAKE_MYSQL_PASSWORD or PINLAKE_MYSQL_PASSWORD_FILE"
                        .into(),
                ));
            }
            Some((user, place)) => (filled(user), place),
            None => (None, place),
        };
        let (host, port) = host_and_port(place).ok_or_else(|| wrong("a host or port that is none"))?;
        let database = database.trim_end_matches('/');
        if database.contains(['/', '@', '`', '\\']) {
            return Err(wrong("a database name that is none"));
        }
        let mut options = Options::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| wrong("behind the ? stand name=value"))?;
            options.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self { user, host, port, database: filled(database), options })
    }
}

pub(super) fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// `host`, `host:port`, `[::1]:port` or nothing.
fn host_and_port(place: &str) -> Option<(Option<String>, Option<u16>)> {
    let (host, port) = if let Some(inner) = place.strip_prefix('[') {
        let (host, port) = inner.split_once(']')?;
        (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
    } else {
        match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    let port = match port {
        Some(port) => Some(port.parse::<u16>().ok().filter(|port| *port > 0)?),
        None => None,
    };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%');
    if !host.bytes().all(legal) || (host.is_empty() && port.is_some()) {
        return None;
    }
    Some((filled(host), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_may_be_absent() {
        let address = Address::parse("mysql://me@db.example.com:3307/pins?tls=off&page=7").unwrap();
        assert_eq!(address.user.as_deref(), Some("me"));
        assert_eq!((address.host.as_deref(), address.port), (Some("db.example.com"), Some(3307)));
        assert_eq!(address.database.as_deref(), Some("pins"));
        assert_eq!(address.options["page"], "7");
        assert_eq!(Address::parse("mysql://").unwrap(), Address::default());
        let address = Address::parse("mysql://[::1]:33/x/").unwrap();
        assert_eq!((address.host.as_deref(), address.port), (Some("::1"), Some(33)));
        assert_eq!(address.database.as_deref(), Some("x"));
        assert_eq!(Address::parse("mysql:///x").unwrap().host, None);
    }

    #[test]
    fn other_forms_are_refused_and_passwords_not_repeated() {
        for url in [
            "mysql://me:canary@host/x",
            "mysql://:canary@host/x",
            "mysql://me:can/ary@host/x",
            "mysql:host",
            "mysql://host:0/x",
            "mysql://host:99999/x",
            "mysql://:3306/x",
            "mysql://[::1/x",
            "mysql://host/a/b",
            "mysql://ho st/x",
            "mysql://host/x?tls",
        ] {
            let error = Address::parse(url).unwrap_err().to_string();
            assert!(!error.contains("can") || error.contains("mysql://[user@]host"), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
