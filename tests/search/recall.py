import sys, json, urllib.request, urllib.parse, yaml, subprocess, time, tempfile, os
B=sys.argv[1]; port=7811; d=tempfile.mkdtemp()
env={"PATH":os.environ["PATH"],"TENON_LISTEN":f"127.0.0.1:{port}","TENON_API_KEY":"ak_search_test_key_012345","TENON_DATA_DIR":d,"RUST_LOG":"error"}
if len(sys.argv)>2: env["TENON_TOOLKITS_DIR"]=sys.argv[2]
p=subprocess.Popen([B],env=env,stdout=subprocess.DEVNULL)
q=yaml.safe_load(open('/tmp/search/queries.yaml'))
def get(s):
    u=f"http://127.0.0.1:{port}/api/v3/tools?limit=10&search="+urllib.parse.quote(s)
    r=urllib.request.Request(u,headers={"x-api-key":env["TENON_API_KEY"]})
    return [t["slug"] for t in json.load(urllib.request.urlopen(r))["items"]]
for _ in range(200):
    try: get("x"); break
    except Exception: time.sleep(.1)
n=0; hit={1:0,5:0,10:0}; miss=[]; known=set()
for kit,qs in q.items():
    for s,ok in qs.items():
        got=get(s); n+=1
        for k in hit: hit[k]+=any(g in ok for g in got[:k])
        if not any(g in ok for g in got[:5]): miss.append((s,ok,got[:5]))
print(n,{k:round(v/n,3) for k,v in hit.items()})
for m in miss: print(m[0],'| want',m[1],'| got',m[2])
p.terminate()
