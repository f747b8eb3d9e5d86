//! A settings file of elastic/connectors.

use crate::place::Place;

/// Its keys that config.yml of this program lacks, and some that both have.
const FILE: &str = "
connector_id: wiki
service_type: mongodb
elasticsearch:
  ssl: true
  retry_on_timeout: true
  retry_interval: 10
  log_level: INFO
  bulk:
    chunk_size: 1000
    display_every: 100
    enable_operations_logging: false
    max_retries: 5
    retry_interval: 10
    max_text_document_size: 5
    queue_max_size: 1024
    queue_max_mem_size: 25
    queue_refresh_interval: 1
    queue_refresh_timeout: 600
    error_monitor:
      enabled: true
      max_total_errors: 1000
      max_consecutive_errors: 10
      max_error_rate: 0.15
      error_window_size: 100
      error_queue_size: 20
service:
  worker_mode: full
  service_types: [dir, mongodb]
  preflight_max_attempts: 10
  preflight_idle: 30
  max_errors: 20
  max_errors_span: 600
  max_concurrent_scheduling_tasks: 3
  job_cleanup_interval: 300
  fips_mode: false
  log_level: INFO
extraction_service.host: http://localhost:8090
extraction_service.timeout: 30
sources:
  dir: connectors.sources.directory:DirectoryDataSource
  sharepoint: connectors.sources.sharepoint:SharepointDataSource
";

#[test]
fn the_file_of_the_other_tool_is_taken_and_each_key_without_effect_is_logged_once() {
    let place = Place::new();
    place.write("config.yml", FILE.as_bytes());
    let run = place.run(&["sources"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("dir") && !run.out.contains("mongodb"), "{}", run.out);
    for key in
        ["elasticsearch.log_level", "service.max_errors", "extraction_service.host", "sources.sharepoint"]
    {
        let told = run.err.matches(&format!("`{key}` has no effect here because")).count();
        assert_eq!(told, 1, "{key}: {}", run.err);
    }
    place.write("config.yml", b"service.fips_mode: true");
    assert_eq!(place.run(&["sources"]).code, 2);
    place.write("config.yml", b"service.max_erors: 1");
    assert_eq!(place.run(&["sources"]).code, 2, "neither program knows it");
}
