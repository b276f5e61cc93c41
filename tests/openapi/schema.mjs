// JSON Schema as far as docs/openapi.json uses it. A keyword that is not known is an error, so that none is
// ignored.

/** What a value must be, by keyword. */
const KEYWORDS = {
  type: (types, value) => [types].flat().some((type) => isOf(type, value)),
  enum: (values, value) => values.includes(value),
  const: (constant, value) => constant === value,
  minimum: (least, value) => typeof value !== 'number' || value >= least,
  maximum: (most, value) => typeof value !== 'number' || value <= most,
  minLength: (least, value) => typeof value !== 'string' || [...value].length >= least,
  maxLength: (most, value) => typeof value !== 'string' || [...value].length <= most,
  pattern: (pattern, value) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minItems: (least, value) => !Array.isArray(value) || value.length >= least,
  maxItems: (most, value) => !Array.isArray(value) || value.length <= most,
};

/** What says nothing about a value. */
const ANNOTATIONS = [
  'description',
  'default',
  'examples',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
];

function isOf(type, value) {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

export class Schemas {
  #document;

  constructor(document) {
    this.#document = document;
  }

  /** What a reference leads to; anything else as it is. */
  resolved(described) {
    if (described?.$ref === undefined) return described;
    const steps = described.$ref.replace('#/', '').split('/');
    const found = steps.reduce((inner, step) => inner?.[step], this.#document);
    if (found === undefined) throw new Error(`${described.$ref} leads nowhere`);
    return found;
  }

  /** What is wrong with a value that stands at this path. */
  faults(schema, value, path) {
    if (schema === true) return [];
    if (schema === false) return [`${path} must not be there`];
    return Object.entries(schema).flatMap(([keyword, asked]) => {
      if (KEYWORDS[keyword])
        return KEYWORDS[keyword](asked, value) ? [] : [`${path}: not of ${keyword} ${asked}`];
      return this.#inner(schema, keyword, asked, value, path);
    });
  }

  #inner(schema, keyword, asked, value, path) {
    switch (keyword) {
      case '$ref':
        return this.faults(this.resolved({ $ref: asked }), value, path);
      case 'oneOf':
      case 'anyOf':
        return this.#some(keyword === 'oneOf', asked, value, path);
      case 'required':
        return isObject(value)
          ? asked.filter((name) => !(name in value)).map((name) => `${path}.${name} is missing`)
          : [];
      case 'properties':
      case 'additionalProperties':
        return isObject(value) ? this.#properties(schema, keyword, value, path) : [];
      case 'items':
        return this.#items(schema, value, path);
      case 'prefixItems':
        return [];
      default:
        if (ANNOTATIONS.includes(keyword)) return [];
        throw new Error(`the keyword ${keyword} is not known`);
    }
  }

  #some(isOne, schemas, value, path) {
    const tried = schemas.map((schema) => this.faults(schema, value, path));
    const fitting = tried.filter((faults) => faults.length === 0).length;
    return fitting === 1 || (fitting > 1 && !isOne) ? [] : [`${path} fits ${fitting}`, ...tried.flat()];
  }

  #properties(schema, keyword, value, path) {
    const own = schema.properties ?? {};
    return Object.entries(value).flatMap(([name, inner]) => {
      const isOwn = Object.hasOwn(own, name);
      if (isOwn !== (keyword === 'properties')) return [];
      return this.faults(isOwn ? own[name] : schema.additionalProperties, inner, `${path}.${name}`);
    });
  }

  #items(schema, value, path) {
    if (!Array.isArray(value)) return [];
    const first = schema.prefixItems ?? [];
    return value.flatMap((item, index) =>
      this.faults(first[index] ?? schema.items, item, `${path}[${index}]`),
    );
  }
}
