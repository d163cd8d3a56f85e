import { HttpTransportType, HubConnectionBuilder, LogLevel } from '@microsoft/signalr';

/** What SharpFaas's own client, on a connection of its own, is told by a function of lane `latest`; each item as it came. */
export async function streamByHub(server: { url: string; key: string }, name: string): Promise<string[]> {
  const connection = new HubConnectionBuilder()
    .withUrl(`${server.url}/functions`, { accessTokenFactory: () => server.key, transport: HttpTransportType.WebSockets })
    .configureLogging(LogLevel.None)
    .build();
  await connection.start();
  const items: string[] = [];
  await new Promise<void>((resolve, reject) => {
    connection
      .stream<string>('FunctionHandler', name, 'latest', '', '{}')
      .subscribe({ next: (item) => items.push(item), complete: resolve, error: reject });
  });
  await connection.stop();
  return items;
}
