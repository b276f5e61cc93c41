// The request that the form describes: its body, and the same as a curl command.

export interface Fields {
  api_key: string;
  user_id: string;
  device_id: string;
  flag_key: string;
  variant: string;
  endpoint: string;
}

export const headers = { 'Content-Type': 'application/json', Accept: '*/*' };

/** Empty fields are left out: without a variant the property is unset. */
export function body(fields: Fields): object {
  return {
    api_key: fields.api_key,
    events: [
      {
        event_type: '$exposure',
        user_id: fields.user_id || undefined,
        device_id: fields.device_id || undefined,
        event_properties: {
          flag_key: fields.flag_key || undefined,
          variant: fields.variant || undefined,
        },
      },
    ],
  };
}

export function curl(fields: Fields): string {
  const given = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const data = `--data ${quoted(JSON.stringify(body(fields), null, 2))}`;
  return [`curl -X POST ${quoted(fields.endpoint)}`, ...given, data].join(' \\\n  ');
}

/** As a POSIX shell reads it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
