// The exposure tester: reads the form, shows the request while it is typed, sends it, shows the answer.
import { body, curl, type Fields, headers } from './request';

const storageKey = 'tester-api-key';

const form = document.querySelector<HTMLFormElement>('#tester')!;
const endpoint = document.querySelector<HTMLInputElement>('#endpoint')!;
const apiKey = document.querySelector<HTMLInputElement>('#api-key')!;
const preview = document.querySelector<HTMLElement>('#curl')!;
const copy = document.querySelector<HTMLButtonElement>('#copy')!;
const answer = document.querySelector<HTMLElement>('#answer')!;

apiKey.value = localStorage.getItem(storageKey) ?? '';
form.addEventListener('input', update);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void send(fields());
});
copy.addEventListener('click', () => void copyPreview());
update();

function update(): void {
  const elsewhere = new FormData(form).get('where') === 'elsewhere';
  endpoint.disabled = !elsewhere;
  endpoint.required = elsewhere;
  const now = fields();
  localStorage.setItem(storageKey, now.api_key);
  preview.textContent = curl(now);
}

function fields(): Fields {
  const data = new FormData(form);
  const field = (name: string) => String(data.get(name) ?? '').trim();
  return {
    api_key: field('api_key'),
    user_id: field('user_id'),
    device_id: field('device_id'),
    flag_key: field('flag_key'),
    variant: field('variant'),
    endpoint: endpoint.disabled ? `${location.origin}/2/httpapi` : field('endpoint'),
  };
}

async function send(request: Fields): Promise<void> {
  show('waiting', 'Sending…');
  try {
    const response = await fetch(request.endpoint, {
      method: 'POST',
      headers,
      body: JSON.stringify(body(request)),
    });
    const text = await response.text();
    if (response.status === 200) show('good', pretty(text));
    else show('bad', `${response.status}: ${text}`);
  } catch (error) {
    show('bad', `No answer: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function show(state: string, text: string): void {
  answer.dataset.state = state;
  answer.textContent = text;
}

/** On a page over plain http from another machine there is no clipboard: the text is selected instead. */
async function copyPreview(): Promise<void> {
  try {
    await navigator.clipboard.writeText(preview.textContent ?? '');
    copy.textContent = 'Copied';
  } catch {
    getSelection()?.selectAllChildren(preview);
    copy.textContent = 'Selected';
  }
}
