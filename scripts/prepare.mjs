// npm install calls it in the repository itself: puts into few files what the first run would have to, which starts a second sooner.
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { ROOT } from './setup.mjs';
import { bundleSuite } from './suite.mjs';

await bundleSuite();
await bundle('target', [join(ROOT, 'target', 'main.ts')]);
