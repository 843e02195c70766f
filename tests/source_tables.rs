//! The three tables as CSV, JSON lines and Parquet: the same rows from each.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use pinlake::clean::Options as CleanOptions;
use pinlake::kind::Kind;
use pinlake::schema::Frame;
use pinlake::source::plan::{Ask, plan_landing};
use pinlake::source::{Options, TaskReader, table_rows};

/// The folder of the real records.
fn real() -> PathBuf {
    let data = std::env::var_os("PINLAKE_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let real = data.join("real");
    assert!(real.is_dir(), "no real records in {}: set PINLAKE_DATA", real.display());
    real
}

fn clean(kind: &str, url: &str) -> RecordBatch {
    let kind = Kind::builtin(kind).unwrap();
    let plan = plan_landing(&kind, url, Ask::default(), &Options::new()).unwrap();
    let options = CleanOptions { frame: Frame::Clean, ..CleanOptions::default() };
    let reader = TaskReader::new(kind, plan, options, &Options::new()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

#[test]
fn the_real_tables_are_read_whole_and_clean() {
    let real = real();
    for (kind, file, count) in [
        ("geo", "geolocation_data.csv", 11_154),
        ("user", "user_data.csv", 11_154),
        ("pin", "pinterest_data.jsonl", 2_019),
    ] {
        let batch = clean(kind, &real.join(file).display().to_string());
        assert_eq!(batch.num_rows(), count, "{file}");
        assert!(batch.columns().iter().all(|column| column.null_count() < count));
    }
}

#[test]
fn every_form_of_a_table_gives_the_same_rows() {
    let csv = real().join("geolocation_data.csv");
    let want = clean("geo", &csv.display().to_string());
    assert!(want.columns().iter().all(|column| column.null_count() == 0));
    let pairs =
        want.column(2).as_list::<i32>().values().as_primitive::<arrow::datatypes::Float64Type>().clone();
    let (latitudes, longitudes): (Vec<f64>, Vec<f64>) =
        pairs.values().chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip();
    let latitudes: ArrayRef = Arc::new(Float64Array::from(latitudes));
    let longitudes: ArrayRef = Arc::new(Float64Array::from(longitudes));
    let naive = Arc::clone(want.column(3));
    let zoned: ArrayRef = Arc::new(
        naive.as_primitive::<arrow::datatypes::TimestampMicrosecondType>().clone().with_timezone("UTC"),
    );
    let text: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..naive.len()).map(|row| arrow::util::display::array_value_to_string(&naive, row).unwrap()),
    ));
    let ind = Arc::clone(want.column(0));
    for (ind, time) in [
        (Arc::clone(&ind), naive),
        (cast(&ind, &DataType::Int32).unwrap(), zoned),
        (cast(&ind, &DataType::Utf8).unwrap(), text),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("geolocation_data.parquet");
        let batch = RecordBatch::try_from_iter([
            ("ind", ind),
            ("timestamp", time),
            ("latitude", Arc::clone(&latitudes)),
            ("longitude", Arc::clone(&longitudes)),
            ("country", Arc::clone(want.column(1))),
        ])
        .unwrap();
        let mut writer =
            ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        assert_eq!(clean("geo", &dir.path().display().to_string()), want);
    }
    // As JSON lines, by way of the rows that an emulator replays.
    let kind = Kind::builtin("geo").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("geolocation_data.jsonl");
    let rows = table_rows(&kind, &csv.display().to_string(), &Options::new()).unwrap();
    assert_eq!(rows[0].index, 0);
    let first = r#"{"ind":0,"timestamp":"2019-01-01 07:21:13","latitude":-88.8298,"longitude":-170.188,"country":"Albania"}"#;
    assert_eq!(String::from_utf8_lossy(&rows[0].json), first);
    let lines: Vec<Vec<u8>> = rows.into_iter().map(|row| row.json).collect();
    std::fs::write(&path, lines.join(&b'\n')).unwrap();
    assert_eq!(clean("geo", &path.display().to_string()), want);
}

#[test]
fn tables_are_found_by_name_and_the_others_left_alone() {
    for (kind, count, files) in
        [("pin", 2_019 + 2_262, 2), ("geo", 11_154 + 2_262, 2), ("user", 11_154 + 2_262, 2)]
    {
        let url = real().display().to_string();
        let kind = Kind::builtin(kind).unwrap();
        let plan = plan_landing(&kind, &url, Ask::default(), &Options::new()).unwrap();
        assert_eq!(plan.files.len(), files);
        assert_eq!(table_rows(&kind, &url, &Options::new()).unwrap().len(), count);
    }
}

#[test]
fn odd_cells_of_parquet_become_errors_not_failures() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.geo.parquet");
    let schema = Arc::new(Schema::new(vec![
        Field::new("ind", DataType::Int64, true),
        Field::new("latitude", DataType::Float64, true),
        Field::new("longitude", DataType::Float64, true),
        Field::new("timestamp", DataType::Timestamp(TimeUnit::Microsecond, None), true),
        Field::new("extra", DataType::Binary, true),
    ]));
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(Int64Array::from(vec![Some(1), None, Some(3)])),
            Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(1.0), None])),
            Arc::new(Float64Array::from(vec![Some(f64::NEG_INFINITY), Some(1.0), None])),
            Arc::new(TimestampMicrosecondArray::from(vec![Some(1), None, Some(i64::MAX)])),
            Arc::new(arrow::array::BinaryArray::from(vec![Some(&b"\"x"[..]), None, None])),
        ],
    )
    .unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let kind = Kind::builtin("geo").unwrap();
    let plan = plan_landing(&kind, &path.display().to_string(), Ask::default(), &Options::new()).unwrap();
    let reader = TaskReader::new(kind, plan, CleanOptions::default(), &Options::new()).unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let errors = batches[0].column_by_name("_errors").unwrap().as_list::<i32>();
    assert_eq!(batches[0].num_rows(), 3);
    assert_eq!((errors.value(0).len(), errors.is_null(1), errors.value(2).len()), (1, true, 1));
    let (values, texts) = (errors.value(0), r#"{"latitude":"NaN","longitude":"-Infinity"}"#);
    assert_eq!(values.as_struct().column(2).as_string::<i32>().value(0), texts);
    let rescued = batches[0].column_by_name("_rescued_data").unwrap().as_string::<i32>();
    assert_eq!(rescued.value(0), r#"{"extra":"\"x"}"#);
}
