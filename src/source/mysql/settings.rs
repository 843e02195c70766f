//! What a connection needs, from the URL, the options and the places that hold credentials.

use std::collections::BTreeMap;

use super::address::{Address, filled};
use super::flat;
use crate::error::{Error, Result};
use crate::kind::builtins;
use crate::source::{Options, layout, secret, secrets_manager};

const USERNAME: &str = "PINLAKE_MYSQL_USERNAME";
const PASSWORD: &str = "PINLAKE_MYSQL_PASSWORD";
const PASSWORD_FILE: &str = "PINLAKE_MYSQL_PASSWORD_FILE";

/// The port of MySQL's protocol, registered with IANA.
const PORT: u16 = 3306;

/// Rows of a page, where none are given: of the real tables' rows some 600 KiB.
const PAGE: u32 = 1_000;

/// What stands in front of a kind's name in the option that names its table.
const TABLES: &str = "tables.";

/// Options beside the tables' names.
const OWN: [&str; 8] = ["user", "tls", "ca", "page", "secret", "credentials", "region", "endpoint"];

/// How the line to the server is kept from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tls {
    /// Not at all.
    Off,
    /// Encrypted; certificate and host name are checked against a PEM file, or public authorities.
    Required(Option<String>),
}

/// What a connection needs, and which tables it is about. `Debug` is left out: it holds a password.
pub(crate) struct Settings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) database: String,
    pub(super) tls: Tls,
    pub(super) page: u32,
    tables: BTreeMap<String, String>,
}

impl Settings {
    /// Puts URL and options together, and looks for what is missing where credentials are kept: the
    /// environment, `.env`, a secret of AWS's Secrets Manager, a file of the originals.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown option, and where a host, user, password or database is nowhere.
    pub(crate) fn read(url: &str, options: &Options) -> Result<Self> {
        let address = Address::parse(url)?;
        let mut all = options.clone();
        all.extend(address.options.clone());
        check(&all)?;
        let page = match all.get("page") {
            None => PAGE,
            Some(text) => text.parse().ok().filter(|page| *page > 0).ok_or_else(|| {
                Error::Config(format!("mysql page {text:?}: use a number of rows, 1 or more"))
            })?,
        };
        let mut kept = Kept { options: &all, secret: None, file: None };
        let user = match address.user.or_else(|| all.get("user").and_then(|user| filled(user))) {
            Some(user) => user,
            None => needed(
                secret::first(&[USERNAME])?
                    .map_or_else(|| kept.find(&["username", "user"]), |user| Ok(Some(user)))?,
                "user",
                &format!("mysql://user@…, {USERNAME}"),
            )?,
        };
        let password = needed(
            secret::first(&[PASSWORD, PASSWORD_FILE])?
                .map_or_else(|| kept.find(&["password"]), |word| Ok(Some(word)))?,
            "password",
            &format!("{PASSWORD}, {PASSWORD_FILE}"),
        )?;
        let host = match address.host {
            Some(host) => (Some(host), address.port),
            None => (kept.find(&["host"])?, kept.port()?),
        };
        let database = match address.database {
            Some(database) => Some(database),
            None => kept.find(&["database", "dbname"])?,
        };
        let (host, port) = (needed(host.0, "host", "mysql://host/…")?, host.1.unwrap_or(PORT));
        Ok(Self {
            tls: tls(&all, &host)?,
            host,
            port,
            user,
            password,
            database: needed(database, "database", "mysql://host/database")?,
            page,
            tables: tables(&all),
        })
    }

    /// Where it is, for people: neither user nor password.
    pub(crate) fn url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("mysql://{host}:{}/{}", self.port, self.database)
    }

    /// The name of a kind's table; `None` if the kind is left out.
    pub(crate) fn table(&self, kind: &str) -> Option<&str> {
        self.tables.get(kind).map(String::as_str).filter(|name| !name.is_empty())
    }
}

fn check(options: &Options) -> Result<()> {
    for name in options.keys() {
        let table =
            name.strip_prefix(TABLES).is_some_and(|kind| builtins().iter().any(|one| one.name == kind));
        if table || OWN.contains(&name.as_str()) {
            continue;
        }
        if name.contains("passw") {
            return Err(Error::Config(format!(
                "{name:?} is no option of mysql: set {PASSWORD} or {PASSWORD_FILE}"
            )));
        }
        return Err(Error::Config(format!(
            "{name:?} is no option of mysql; there are {}, tables.pin, tables.geo and tables.user",
            OWN.join(", ")
        )));
    }
    Ok(())
}

fn tables(options: &Options) -> BTreeMap<String, String> {
    let name = |kind: &str| {
        let given = options.get(&format!("{TABLES}{kind}"));
        given.cloned().unwrap_or_else(|| layout::original_table(kind).to_owned())
    };
    builtins().iter().map(|kind| (kind.name.clone(), name(&kind.name))).collect()
}

/// In the clear only on this machine, unless it is asked for.
fn tls(options: &Options, host: &str) -> Result<Tls> {
    let ca = options.get("ca").and_then(|ca| filled(ca));
    let here = matches!(host, "localhost" | "::1") || host.starts_with("127.");
    match options.get("tls").map(String::as_str) {
        Some("required") => Ok(Tls::Required(ca)),
        Some("off") => Ok(Tls::Off),
        None if here && ca.is_none() => Ok(Tls::Off),
        None => Ok(Tls::Required(ca)),
        Some(other) => Err(Error::Config(format!("mysql tls {other:?}: use required or off"))),
    }
}

fn needed(value: Option<String>, what: &str, ways: &str) -> Result<String> {
    value.ok_or_else(|| {
        Error::Config(format!(
            "no {what} for the database: give {ways}, or in [mysql] of pinlake.toml secret (AWS Secrets Manager) or \
             credentials (a file of KEY: value lines)"
        ))
    })
}

/// Places that hold more than one value, each read once and only if something is still missing.
struct Kept<'a> {
    options: &'a Options,
    secret: Option<BTreeMap<String, String>>,
    file: Option<BTreeMap<String, String>>,
}

impl Kept<'_> {
    /// The first value of any of these names: from the secret, then from the file.
    fn find(&mut self, names: &[&str]) -> Result<Option<String>> {
        let pick = |held: &BTreeMap<String, String>| {
            names.iter().find_map(|name| held.get(*name).filter(|value| !value.is_empty()).cloned())
        };
        if let Some(id) = self.options.get("secret") {
            if self.secret.is_none() {
                self.secret = Some(secrets_manager::secret(id, self.options)?);
            }
            if let Some(found) = self.secret.as_ref().and_then(pick) {
                return Ok(Some(found));
            }
        }
        if let Some(path) = self.options.get("credentials") {
            if self.file.is_none() {
                self.file = Some(flat::read(path)?);
            }
            return Ok(self.file.as_ref().and_then(pick));
        }
        Ok(None)
    }

    fn port(&mut self) -> Result<Option<u16>> {
        let Some(text) = self.find(&["port"])? else { return Ok(None) };
        let port = text.parse().ok().filter(|port| *port > 0);
        // Not repeated: in a file that was filled in wrongly it may be something else.
        port.map(Some)
            .ok_or_else(|| Error::Config("the port beside the database's credentials is none".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Options {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn refused(url: &str, pairs: &[(&str, &str)]) -> String {
        match Settings::read(url, &options(pairs)) {
            Ok(_) => unreachable!("{url}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_file_of_the_originals_gives_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db_creds.yaml");
        std::fs::write(
            &path,
            "HOST: db.example.com\nUSER: me\nPASSWORD: canary\nDATABASE: pins\nPORT: 3307\n",
        )
        .unwrap();
        let path = path.to_str().unwrap();
        let made = Settings::read("mysql://", &options(&[("credentials", path)])).unwrap();
        assert_eq!(made.url(), "mysql://db.example.com:3307/pins");
        assert_eq!((made.user.as_str(), made.password.as_str(), made.page), ("me", "canary", PAGE));
        assert_eq!(made.tls, Tls::Required(None));
        // What the URL says goes first, and another host has another port.
        let made =
            Settings::read("mysql://you@localhost/x?page=7", &options(&[("credentials", path)])).unwrap();
        assert_eq!(made.url(), "mysql://localhost:3306/x");
        assert_eq!((made.user.as_str(), made.page, &made.tls), ("you", 7, &Tls::Off));
    }

    #[test]
    fn tables_have_the_originals_names_or_those_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c");
        std::fs::write(&path, "PASSWORD: x\n").unwrap();
        let given = options(&[
            ("credentials", path.to_str().unwrap()),
            ("tables.pin", "posts"),
            ("tables.geo", ""),
            ("ca", "/ca.pem"),
        ]);
        let made = Settings::read("mysql://me@127.0.0.1/x", &given).unwrap();
        assert_eq!(made.table("pin"), Some("posts"));
        assert_eq!(made.table("geo"), None);
        assert_eq!(made.table("user"), Some("user_data"));
        assert_eq!(made.tls, Tls::Required(Some("/ca.pem".into())));
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        for (url, pairs, why) in [
            ("mysql://h/x", &[][..], USERNAME),
            ("mysql://me@h/x", &[], PASSWORD_FILE),
            ("mysql://me@h/x", &[("tsl", "off")], "is no option"),
            ("mysql://me@h/x", &[("tables.board", "b")], "is no option"),
            ("mysql://me@h/x?password=canary", &[], PASSWORD),
            ("mysql://me@h/x?page=0", &[], "1 or more"),
            ("mysql://me@h/x", &[("credentials", "/nowhere/c.yaml")], "/nowhere/c.yaml"),
        ] {
            let said = refused(url, pairs);
            assert!(said.contains(why) && !said.contains("canary"), "{said}");
        }
    }
}
