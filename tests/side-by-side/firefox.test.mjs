// The same pages in Firefox.
import { all, playBoth } from './play-both.mjs';
import { selfTest } from './self-test.mjs';

const complaints = playBoth('firefox');

all('firefox', complaints);
selfTest(complaints);
