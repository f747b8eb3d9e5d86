//! The digest that the embedded server tells, against the one that is reckoned here.
#![allow(clippy::unwrap_used)]

use connectors_core::elastic::digest::{Digest, Grid, ask};
use connectors_core::elastic::scan::{self, Mark, Part};
use connectors_core::elastic::{Client, Preset, Request, Settings, index};
use elastic_embedded::{Options, Server};
use serde_json::json;

/// Ids everywhere, and around every border of 64 buckets.
fn marks() -> Vec<Mark> {
    let spread = (0..2_000_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15).cast_signed());
    let borders = (-32..32_i64).flat_map(|place| {
        let border = place << 58;
        [-513, -512, -257, -256, -1, 0, 1, 256, 512].map(|off| border.saturating_add(off))
    });
    let ends = [i64::MAX, i64::MAX - 511, i64::MAX - 512, i64::MAX - 513, i64::MIN];
    let mut ids: Vec<i64> = spread.chain(borders).chain(ends).collect();
    ids.sort_unstable();
    ids.dedup();
    let mark = |id: i64| id.wrapping_mul(31) & ((1 << 45) - 1);
    ids.into_iter().map(|id| Mark { id, mark: mark(id) }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_server_tells_the_digest_that_is_reckoned_here() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Options::new(folder.path())).await.unwrap();
    let client = Client::connect(Settings::new(server.url().parse().unwrap())).await.unwrap();
    index::prepare(&client, "docs", Preset::Search, &[]).await.unwrap();
    let marks = marks();
    let lines: String = marks
        .iter()
        .map(|mark| format!("{{\"index\":{{}}}}\n{}\n", json!({"_sync": {"id": mark.id, "mark": mark.mark}})))
        .collect();
    client.call(&Request::post("/docs/_bulk?refresh=true").lines(lines.into())).await.unwrap();
    for count in [2_600, 5_000, 16_384, 1_000_000, 9_000_000] {
        let grid = Grid::for_count(count);
        let told = ask(&client, "docs", grid).await.unwrap().unwrap();
        let ours = Digest::of(grid, marks.iter().copied());
        assert_eq!((told.count(), ours.differing(&told)), (marks.len() as u64, vec![]), "{count}");
        let places: Vec<usize> = (0..grid.places()).step_by(grid.places().div_ceil(700)).collect();
        let (ranges, mut read) = (grid.ranges(&places), Vec::new());
        scan::each_mark(&client, "docs", Part::Ranges(&ranges), |mark| read.push(mark)).await.unwrap();
        read.sort_unstable();
        let in_places = |mark: &&Mark| places.binary_search(&grid.place(mark.id)).is_ok();
        assert!(read.iter().eq(marks.iter().filter(in_places)), "{count}: what lies in a bucket is read");
    }
    server.stop().await.unwrap();
}
