// The interface of an HTTP client that an app gives in the place of `fetch`.

/** The response to a request. */
export interface SimpleResponse {
  /** The HTTP status. */
  status: number;
  /** The body as text. */
  body: string;
}

/** Sends requests in the place of `fetch`. */
export interface HttpClient {
  /**
   * Sends one request.
   *
   * @param data the body
   * @param timeoutMillis the time limit in milliseconds. The client gives the request up by itself then
   * @returns rejects when there is no response
   */
  request(
    requestUrl: string,
    method: string,
    headers: Record<string, string>,
    data: string,
    timeoutMillis?: number,
  ): Promise<SimpleResponse>;
}
