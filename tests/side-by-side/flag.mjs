// Flag configurations in few words, for scripts.

/**
 * A flag that is on for everybody, unless `conditions` say otherwise; then it is off. `more` goes into it.
 */
export const flag = (key, { conditions, evaluationMode = 'local', variant = 'on', ...more } = {}) => ({
  key,
  variants: {
    on: { key: 'on', value: 'on' },
    two: { key: 'two', value: 'two' },
    off: { key: 'off', metadata: { default: true } },
  },
  segments: [
    { ...(conditions && { conditions }), variant, metadata: { segmentName: 'first' } },
    { variant: 'off', metadata: { segmentName: 'All Other Users' } },
  ],
  metadata: { evaluationMode, flagVersion: 1 },
  ...more,
});

/**
 * The conditions under which what stands at `selector` of the context is one of `values`; or stands in
 * another relation, `op`, to them.
 */
export const where = (selector, values, op = 'is') => [
  [{ selector: ['context', ...selector], op, values: [values].flat() }],
];
