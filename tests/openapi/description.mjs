// Looks whether an answer is as an OpenAPI description says.

import { Schemas } from './schema.mjs';

export class Description {
  #description;
  #schemas;

  constructor(description) {
    this.#description = description;
    this.#schemas = new Schemas(description);
  }

  /** The description of a path as it is sent. */
  path(sent) {
    const [path] = sent.split('?');
    const fits = (template) =>
      new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`).test(path);
    return Object.entries(this.#description.paths).find(([template]) => fits(template))?.[1];
  }

  /** What is not as described in an answer to this method of a path that is described. */
  faults(method, path, { status, headers, body }) {
    const item = this.path(path);
    const operation = item[method.toLowerCase()] ?? (method === 'HEAD' ? item.get : undefined);
    if (operation === undefined) return this.#notAllowed(method, { status, headers, body });
    const response = this.#schemas.resolved(operation.responses[status]);
    if (response === undefined) return [`the status ${status} is not described`];
    return [
      ...this.#headers(response.headers ?? {}, headers),
      ...this.#body(response.content, method, headers.get('content-type'), body),
      ...this.#code(status, headers.get('content-type'), method === 'HEAD' ? '' : body),
    ];
  }

  /** A method that the path does not have. */
  #notAllowed(method, { status, headers, body }) {
    const isRefused = (status === 405 && headers.has('allow')) || status === 403;
    if (!isRefused) return [`the method is not described, and the status is ${status}`];
    const error = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
    return this.#body(error, method, headers.get('content-type'), body);
  }

  #headers(described, headers) {
    return Object.entries(described).flatMap(([name, header]) => {
      const { required, schema } = this.#schemas.resolved(header);
      const sent = headers.get(name);
      if (!headers.has(name)) return required ? [`the header ${name} is missing`] : [];
      const isNumber = this.#schemas.resolved(schema).type === 'integer';
      return sent === undefined ? [] : this.#schemas.faults(schema, isNumber ? Number(sent) : sent, name);
    });
  }

  #body(content, method, type, body) {
    if (method === 'HEAD') return [];
    if (content === undefined) return body === '' ? [] : ['a body is not described'];
    const described = content[type];
    if (described === undefined) return [`the type ${type} is not described`];
    if (type !== 'application/json') return this.#schemas.faults(described.schema, body, '');
    const value = parsed(body);
    return value === undefined ? ['the body is no JSON'] : this.#schemas.faults(described.schema, value, '');
  }

  /** Where a body has a `code`, it is the status. */
  #code(status, type, body) {
    const isObject = type === 'application/json' && body.startsWith('{"code":');
    return isObject && parsed(body)?.code !== status ? ['the code is not the status'] : [];
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
