//! The performance program, as `cargo xtask perf mongo` runs it.

#[path = "../fixture.rs"]
mod fixture;
#[path = "../shapes.rs"]
mod shapes;

use fixture::Orders;
use shapes::{Fast, Texts};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

connectors_testkit::perf!(
    source_mongo::SOURCE,
    Orders,
    "order" => Orders<Fast>,
    "tiny" => Orders<Texts<0>>,
    "small" => Orders<Texts<70>>,
    "page" => Orders<Texts<5000>>,
    "blob" => Orders<Texts<1_000_000>>,
);
