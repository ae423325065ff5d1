package bench
import ("testing";"time";"context";"syscall"; janus "github.com/cameronelliott/janus-go"; "nhooyr.io/websocket")
func cpu() time.Duration { var r syscall.Rusage; syscall.Getrusage(0,&r); return time.Duration(r.Utime.Nano()+r.Stime.Nano()) }
func TestZZ(t *testing.T){
 url:=startServer(t)
 var a,b,c,d,cpuA,cpuB time.Duration
 const n=1500
 for range n {
  p0:=cpu()
  t0:=time.Now()
  g,_,err:=janus.Dial(context.Background(),url,nil); if err!=nil{t.Fatal(err)}
  t1:=time.Now()
  if _,err:=g.Create(context.Background(),""); err!=nil{t.Fatal(err)}
  t2:=time.Now()
  cpuA+=cpu()-p0
  a+=t1.Sub(t0); b+=t2.Sub(t1)
  g.Close(1000,"")
  p0=cpu()
  t3:=time.Now()
  ws,_,err:=websocket.Dial(context.Background(),url,&websocket.DialOptions{Subprotocols:[]string{"janus-protocol"}}); if err!=nil{t.Fatal(err)}
  t4:=time.Now()
  ws.Write(context.Background(),websocket.MessageText,[]byte(`{"janus":"create","transaction":"floor"}`))
  ws.Read(context.Background())
  t5:=time.Now()
  cpuB+=cpu()-p0
  c+=t4.Sub(t3); d+=t5.Sub(t4)
  ws.Close(1000,"")
 }
 t.Log("ours dial",a/n,"create",b/n,"floor dial",c/n,"create",d/n,"cpu",cpuA/n,cpuB/n)
}
