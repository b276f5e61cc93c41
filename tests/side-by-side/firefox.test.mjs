// The same pages in Firefox.
import { all, both } from './both.mjs';

all('firefox', both('firefox'));
