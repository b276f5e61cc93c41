// How requests leave the page, for those who want to send them themselves.

/** What came back. */
export interface SimpleResponse {
  /** The HTTP status. */
  status: number;
  /** The body as text. */
  body: string;
}

/** Sends the client's requests in place of the page's `fetch`. Reject when no answer came. */
export interface HttpClient {
  request(
    requestUrl: string,
    method: string,
    headers: Record<string, string>,
    data: string,
    timeoutMillis?: number,
  ): Promise<SimpleResponse>;
}
