//! pinlake: row work of the Pinterest data pipeline.
