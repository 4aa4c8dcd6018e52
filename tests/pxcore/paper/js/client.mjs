// The official JavaScript client, as the venue's own sample uses it, against the paper gateway.
// Usage: node client.mjs BASE_URL TOKEN ACCOUNT CONTRACT (negotiated|direct)
// Prints one line of JSON: what it saw. Fails loudly when anything takes more than ten seconds.
import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";

const [base, token, account, contract, way, control] = process.argv.slice(2);
const accountId = Number(account);
const options = {
  accessTokenFactory: () => token,
  timeout: 10000,
  ...(way === "direct"
    ? { skipNegotiation: true, transport: HttpTransportType.WebSockets }
    : { transport: HttpTransportType.WebSockets }),
};

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within 10 s`)), 10000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function connect(hub) {
  const url = `${base}/hubs/${hub}` + (way === "direct" ? `?access_token=${token}` : "");
  return new HubConnectionBuilder()
    .withUrl(url, options)
    .withAutomaticReconnect([0, 50, 200, 1000])
    .configureLogging(LogLevel.Error)
    .build();
}

// Resolves with the arguments of the first `count` events of this name.
function events(connection, name, count) {
  const seen = [];
  return within(
    new Promise((resolve) => {
      connection.on(name, (...args) => {
        if (seen.length < count && seen.push(args) === count) resolve(seen);
      });
    }),
    name,
  );
}

async function post(path, body) {
  const bearer = path.startsWith("/paper/") ? control : token;
  const answer = await fetch(base + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${bearer}` },
    body: JSON.stringify(body),
  });
  return answer.json();
}

async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    return error.message;
  }
  return null;
}

const report = {};
const user = connect("user");
const market = connect("market");
await within(Promise.all([user.start(), market.start()]), "start");

const subscribeUser = async () => {
  report.result = await user.invoke("SubscribeAccounts");
  for (const subject of ["Orders", "Positions", "Trades"]) {
    await user.invoke(`Subscribe${subject}`, accountId);
  }
};
const subscribeMarket = () =>
  Promise.all(
    ["Quotes", "Trades", "MarketDepth"].map((subject) =>
      market.invoke(`SubscribeContract${subject}`, contract),
    ),
  );

const quotes = events(market, "GatewayQuote", 3);
const trades = events(market, "GatewayTrade", 1);
const depth = events(market, "GatewayDepth", 2);
const orders = events(user, "GatewayUserOrder", 6);
const fills = events(user, "GatewayUserTrade", 1);
const positions = events(user, "GatewayUserPosition", 1);
const accounts = events(user, "GatewayUserAccount", 1);
await within(Promise.all([subscribeUser(), subscribeMarket()]), "subscribe");
report.unknownMethod = await refused(user.invoke("Dance"));

report.placed = await post("/api/Order/place", {
  accountId, contractId: contract, type: 2, side: 0, size: 1, customTag: "js-1",
  stopLossBracket: { ticks: -400, type: 4 }, takeProfitBracket: { ticks: 800, type: 1 },
});
report.orders = (await orders).map(([event]) => [event.data.customTag, event.data.status]);
report.fill = (await fills)[0][0].data;
report.position = (await positions)[0][0].data;
report.account = (await accounts)[0][0].data;
report.quote = (await quotes)[0];
report.trade = (await trades)[0];
report.snapshotRows = (await depth)[0][1].length;
report.snapshotChars = JSON.stringify((await depth)[0]).length;

// Both sockets are torn down by the gateway; the client comes back and subscribes again.
const back = (connection, again) =>
  within(new Promise((resolve) => connection.onreconnected(() => resolve(again()))), "reconnect");
const reconnected = Promise.all([back(user, subscribeUser), back(market, subscribeMarket)]);
await post("/paper/faults", { fault: "socket_reset" });
await reconnected;
const later = events(market, "GatewayQuote", 1);
const closing = events(user, "GatewayUserOrder", 1);
report.closed = await post("/api/Position/closeContract", { accountId, contractId: contract });
report.closing = (await closing)[0][0].data.type;
report.quoteAfterReconnect = (await later)[0][0];

await within(Promise.all([user.stop(), market.stop()]), "stop");
console.log(JSON.stringify(report));
