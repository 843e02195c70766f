//! The statements that read a table page by page, by its key.

/// An identifier in the server's quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// What is known of a table before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) table: String,
    /// In the table's order.
    pub(super) columns: Vec<String>,
    pub(super) key: String,
    /// What orders rows of one key; `None` where the table cannot hold two.
    pub(super) ties: Option<Vec<String>>,
}

impl Layout {
    /// Rows behind a key: two parameters, the key and how many.
    ///
    /// Of rows with one key the first of this order is in the page that the key is first met in; the
    /// rest of them, there or behind the page's end, count for nothing. The order is one: by the primary
    /// key, or, without any, by a hash of all columns, so that it does not hang on the page's size.
    pub(super) fn page(&self, first: bool) -> String {
        let names: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
        let (table, key) = (quoted(&self.table), quoted(&self.key));
        let mut order = key.clone();
        match &self.ties {
            None => {}
            Some(ties) if ties.is_empty() => {
                let all: Vec<String> = names.iter().map(|name| format!("QUOTE({name})")).collect();
                order.push_str(&format!(", MD5(CONCAT_WS(',', {}))", all.join(", ")));
            }
            Some(ties) => ties.iter().for_each(|name| {
                order.push_str(", ");
                order.push_str(&quoted(name));
            }),
        }
        let behind = if first { ">=" } else { ">" };
        format!("SELECT {} FROM {table} WHERE {key} {behind} ? ORDER BY {order} LIMIT ?", names.join(", "))
    }

    /// Finds a row that has no key, or one below 0.
    pub(super) fn without_key(&self) -> String {
        let (table, key) = (quoted(&self.table), quoted(&self.key));
        format!("SELECT 1 FROM {table} WHERE {key} IS NULL OR {key} < 0 LIMIT 1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(ties: Option<&[&str]>) -> Layout {
        Layout {
            table: "a`b".into(),
            columns: vec!["index".into(), "x y".into()],
            key: "index".into(),
            ties: ties.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
        }
    }

    #[test]
    fn names_are_quoted_and_values_bound() {
        assert_eq!(
            layout(None).page(true),
            "SELECT `index`, `x y` FROM `a``b` WHERE `index` >= ? ORDER BY `index` LIMIT ?"
        );
        assert!(layout(None).without_key().starts_with("SELECT 1 FROM `a``b` WHERE `index` IS NULL"));
    }

    #[test]
    fn rows_of_one_key_have_one_order() {
        assert!(
            layout(Some(&["id"])).page(false).contains("WHERE `index` > ? ORDER BY `index`, `id` LIMIT ?")
        );
        assert!(
            layout(Some(&[]))
                .page(false)
                .contains("ORDER BY `index`, MD5(CONCAT_WS(',', QUOTE(`index`), QUOTE(`x y`)))")
        );
    }
}
