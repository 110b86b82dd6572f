-- One kind of request, taken from the environment of `run`, and one line of figures at the end.
local body_file = os.getenv("BENCH_BODY")
if body_file then
  local file = assert(io.open(body_file))
  wrk.method = "POST"
  wrk.body = file:read("a")
  wrk.headers["content-type"] = "application/json"
  wrk.headers["x-api-key"] = os.getenv("BENCH_KEY")
  file:close()
end

done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("FIGURES %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
