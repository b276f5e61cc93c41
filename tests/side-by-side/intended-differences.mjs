// What was decided to be different from the reference: one sentence each, for scripts to point at and for the
// documentation to print.

export const INTENDED = {
  identity:
    'After a change of identity (another `user_id`, or without any another `device_id`; login and logout included) the variants of the previous identity are neither served nor exposed; the reference goes on serving and exposing them.',
  late: 'A response that comes after a change of user, or after the response to a later fetch, is not stored; the reference stores whatever arrives last, and so serves one user the variants of another.',
  aborted: 'A request that timed out or is superseded is aborted; the reference lets it run.',
  experimentKey:
    'Another `experiment_key` is another exposure; the reference tells a new run of an experiment apart only if the variant differs too.',
  providerFails:
    'A provider that throws does not throw into the page, and the exposure is offered again after 1, 5 and 25 seconds; in the reference `variant()` throws once and the exposure is lost.',
  userProviderFails:
    'A user provider that throws counts as one without values; in the reference `variant()` and `fetch()` throw.',
  providerRefuses:
    'A provider that answers `false` or rejects has not taken the exposure, and is offered it again after 1, 5 and 25 seconds; the reference does not look at the answer.',
  queueForNobody:
    'Where a provider takes the exposures and there is no integration, nothing is queued for one; the reference keeps up to 512 events, which an integration added later sends as the user of that time.',
  sessionDedupe:
    'The exposures that an integration has of this session are remembered over a reload for the same identity; the reference forgets it at the first exposure of each page, unless the user has no ids at all.',
  inherited:
    'Names that every object inherits (`constructor`, `__proto__`, `toString`) are ordinary flag keys; the reference answers functions for them, or loses them.',
  badFlag:
    'A flag that cannot be evaluated (a broken pattern, a cycle) harms only itself: `variant()` falls back and `all()` answers the others; the reference throws.',
  corrupt:
    'A damaged queue or session record counts as empty; in the reference each `variant()` and `addPlugin()` throws from then on.',
  quota:
    'A full storage harms nothing: `variant()` answers and the exposure is sent; in the reference it throws, and the exposure is lost.',
  retryAfter: '`Retry-After` of a refusal delays the next try; the reference does not look at it.',
  registry:
    'A second copy of the bundle finds the clients of the first; in the reference it empties `experimentInstances`, and the page has two clients of one name.',
  idle: 'While nothing waits to be sent, no timer runs; the reference reads its queue from storage once a second until the first exposure.',
  sameRun:
    'Within one synchronous run, `variant()` keeps its answer after `history.pushState` or a changed result of a user provider; both are checked once a run.',
  initialFlags: '`initialFlags` that are not JSON are ignored; the reference throws out of `initialize`.',
  kinds:
    'A flag key that is no text answers the fallback, and a fallback that is neither text nor a variant is none, which is logged; the reference takes them as JavaScript does.',
  options:
    'An option of a kind there is not has its default; the reference goes on with it, and with an unknown `source` answers nothing.',
  relative:
    '`serverUrl` may be relative to the page; the reference cannot fetch variants from such an address.',
  addresses:
    "A slash at the end of `serverUrl` or `flagsServerUrl` is removed, and an empty address is an error without a request; the reference requests `//sdk/…`, or Amplitude's servers.",
  deployments:
    'Of two deployment keys that end in the same six letters neither is served what the other stored; the reference cannot tell them apart.',
  longUsers:
    'A user that takes more than 4,096 bytes as a header is sent as the body of a `POST`; the reference sends a header, which servers refuse.',
  visitor:
    'When a visitor was first seen and where they landed is recorded when the client is made; the reference records it at the first fetch or exposure.',
  copies:
    'Options and users are copied when they are given; the reference keeps the objects, and changes `initialVariants` in place.',
  polling:
    '`start` asks for flags once, and again after each interval; the reference asks a second time as soon as polling begins.',
  startWaits:
    '`start` waits for both of its requests, also when one fails; in the reference it ends when the flags fail, before variants are there.',
  forNobody:
    'Where there is neither a provider nor an integration, exposures wait on the page, for an integration that is added to it; the reference stores them for a later page.',
  foreign:
    'What waits in the queue of the reference and is no exposure is left out when the queue is taken over; the reference hands it to the integration.',
  unknown:
    'A user without any id may be any user: the history of exposures in a session counts for them too; the reference takes them for another user.',
  undefinedFields:
    'A field of the user that is `undefined` is one that is missing, and what a provider says fills it; in the reference it hides that.',
  noProperties:
    'A user without `user_properties` has none in `getUser()`; in the reference the field is `{}` when the previous user had some.',
  noKey:
    'Without a deployment key, fallbacks and bootstrapped variants are answered; the reference answers nothing.',
  cookies: 'A cookie keeps a value with an equals sign; the reference cuts it there.',
  agents:
    'Browsers that cannot run WebAssembly, and a few rare ones, are not distinguished; see `tests/user-agent/disagreements.json`.',
  keyTail:
    "Storage is named by the last six bytes of the deployment key; the reference takes six UTF-16 units. Amplitude's keys are ASCII, where that is the same.",
  noObjects:
    'A variant that is no object is none, and the fallback is answered; the reference makes an empty variant of it, which hides the fallback.',
};
