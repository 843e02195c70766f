//! A connection to the database, and what its errors mean.

use std::path::PathBuf;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error as Fault, IoError, OptsBuilder, Params, Row, SslOpts};

use super::settings::{Settings, Tls};
use crate::error::{Error, Result};

/// How long the server has to take a connection, the login included.
const CONNECT: Duration = Duration::from_secs(10);

/// A server that went away without a word is noticed by probes on the line after so long.
const KEEPALIVE: Duration = Duration::from_secs(30);

// Numbers of the server's errors: MariaDB's and MySQL's, which share these.
const NO_ACCESS_TO_DATABASE: u16 = 1044;
const NO_ACCESS: u16 = 1045;
const NO_DATABASE: u16 = 1049;
const NO_TABLE: u16 = 1146;
const NO_RIGHT: [u16; 3] = [1142, 1143, 1227];

/// A session: text is UTF-8, times are UTC, and a value that does not fit is an error.
const SESSION: [&str; 3] = [
    "SET NAMES utf8mb4",
    "SET time_zone = '+00:00'",
    "SET sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'",
];

/// A connection.
pub(crate) struct Server {
    conn: Conn,
    url: String,
}

impl Server {
    /// Logs in.
    ///
    /// # Errors
    /// [`Error::Source`] where nothing answers, the login is refused or TLS cannot be had;
    /// [`Error::NotFound`] for a database that is not there.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self> {
        let url = settings.url();
        let opened = tokio::time::timeout(CONNECT, Conn::new(options(settings)?)).await;
        let failed = |why: &str| Error::Source(format!("{url}: {why}"));
        let conn = match opened {
            Err(_) => {
                return Err(failed(&format!(
                    "no answer within {} s; is host or port wrong?",
                    CONNECT.as_secs()
                )));
            }
            Ok(Err(fault)) => return Err(refused(settings, &fault)),
            Ok(Ok(conn)) => conn,
        };
        let mut server = Self { conn, url };
        for statement in SESSION {
            server.run(statement).await?;
        }
        Ok(server)
    }

    /// Where it is, for people.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement of ours that has no parameters.
    pub(crate) async fn run(&mut self, statement: &str) -> Result<()> {
        self.conn.query_drop(statement).await.map_err(|fault| fault_at(&self.url, &fault))
    }

    /// The rows that a statement with bound parameters gives.
    pub(crate) async fn rows(&mut self, statement: &str, parameters: Params) -> Result<Vec<Row>> {
        self.conn.exec(statement, parameters).await.map_err(|fault| fault_at(&self.url, &fault))
    }

    /// Runs a statement with bound parameters.
    pub(crate) async fn change(&mut self, statement: &str, parameters: Params) -> Result<()> {
        self.conn.exec_drop(statement, parameters).await.map_err(|fault| fault_at(&self.url, &fault))
    }

    /// Says good-bye; what that meets is nobody's concern any more.
    pub(crate) async fn close(self) {
        let _ = self.conn.disconnect().await;
    }
}

fn options(settings: &Settings) -> Result<OptsBuilder> {
    let mut options = OptsBuilder::default()
        .ip_or_hostname(&*settings.host)
        .tcp_port(settings.port)
        .user(Some(&*settings.user))
        .pass(Some(&*settings.password))
        .db_name(Some(&*settings.database))
        // Else it would look for the server's socket and leave the connection that was asked for.
        .prefer_socket(false)
        .tcp_keepalive(Some(KEEPALIVE));
    if let Tls::Required(ca) = &settings.tls {
        let mut tls = SslOpts::default();
        if let Some(ca) = ca {
            let pem = std::fs::read(ca)
                .map_err(|error| Error::Config(format!("mysql ca {ca}: cannot be read: {error}")))?;
            if !pem.windows(BEGIN.len()).any(|window| window == BEGIN) {
                return Err(Error::Config(format!("mysql ca {ca}: holds no certificate in PEM form")));
            }
            tls = tls.with_root_certs(vec![PathBuf::from(ca).into()]).with_disable_built_in_roots(true);
        }
        options = options.ssl_opts(Some(tls));
    }
    Ok(options)
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Why a connection was not made.
fn refused(settings: &Settings, fault: &Fault) -> Error {
    let url = settings.url();
    let (user, database) = (&settings.user, &settings.database);
    let why = match fault {
        Fault::Server(said) if said.code == NO_ACCESS => {
            format!(
                "user {user:?} is refused: a wrong name or password, or none that may come from this machine"
            )
        }
        Fault::Server(said) if said.code == NO_ACCESS_TO_DATABASE => {
            format!("user {user:?} has no right to a database {database:?}, or it is not there")
        }
        Fault::Server(said) if said.code == NO_DATABASE => {
            return Error::NotFound(format!("{url}: no database {database:?} there"));
        }
        Fault::Driver(DriverError::NoClientSslFlagFromServer) => {
            "TLS is asked for, and the server has none; tls = \"off\" goes without".into()
        }
        Fault::Io(IoError::Tls(error)) => tls_fault(&error.to_string(), &settings.host),
        Fault::Io(IoError::Io(error)) => match error.get_ref() {
            // rustls hands its own errors on as those of the line.
            Some(inner) if inner.to_string().contains("certificate") => {
                tls_fault(&inner.to_string(), &settings.host)
            }
            _ => format!("cannot connect: {error}"),
        },
        other => said(other),
    };
    Error::Source(format!("{url}: {why}"))
}

fn tls_fault(text: &str, host: &str) -> String {
    if text.contains("UnknownIssuer") {
        return "the server's certificate is of no authority that is trusted; name its PEM file with ca"
            .into();
    }
    if text.contains("not valid for name") || text.contains("NotValidForName") {
        return format!("the server's certificate is not one of {host:?}");
    }
    format!("TLS: {text}")
}

/// An error of a connection that stands.
fn fault_at(url: &str, fault: &Fault) -> Error {
    let text = format!("{url}: {}", said(fault));
    match fault {
        Fault::Server(told) if told.code == NO_TABLE => Error::NotFound(text),
        Fault::Server(told) if NO_RIGHT.contains(&told.code) => {
            Error::Source(format!("{text}; give the user that right"))
        }
        _ => Error::Source(text),
    }
}

/// What server or line said, without the crate's words around it.
fn said(fault: &Fault) -> String {
    match fault {
        Fault::Server(told) => format!("{} (error {})", told.message, told.code),
        Fault::Io(IoError::Io(error)) => format!("the connection broke: {error}"),
        // Some of these print what came from the server.
        Fault::Driver(
            DriverError::UnexpectedPacket { .. }
            | DriverError::FromRow { .. }
            | DriverError::FromValue { .. },
        ) => "an answer that makes no sense".into(),
        Fault::Driver(error) => error.to_string(),
        other => other.to_string(),
    }
}
