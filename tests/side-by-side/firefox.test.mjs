// The same pages in Firefox.
import { all, both } from './both.mjs';
import { noticed } from './noticed.mjs';

const complaints = both('firefox');

all('firefox', complaints);
noticed(complaints);
