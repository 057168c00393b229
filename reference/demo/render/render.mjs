// Draw every icon of ../icons.json as a 256 px PNG into ../build/sprites/.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';

const SIZE = 256;
const here = new URL('.', import.meta.url);
const outputFolder = new URL('../build/sprites/', here);

const iconSet = createRequire(import.meta.url)('@iconify-json/fluent-emoji-flat/icons.json');
const wanted = JSON.parse(readFileSync(new URL('../icons.json', here), 'utf8')).icons.map((entry) => entry.icon);

mkdirSync(outputFolder, { recursive: true });
for (const name of wanted) {
  const icon = iconSet.icons[name] ?? iconSet.icons[iconSet.aliases?.[name]?.parent];
  if (!icon) throw new Error(`no icon named ${name}`);
  const width = icon.width ?? iconSet.width;
  const height = icon.height ?? iconSet.height;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 ${width} ${height}">${icon.body}</svg>`;
  const png = new Resvg(svg, { fitTo: { mode: 'width', value: SIZE } }).render().asPng();
  writeFileSync(new URL(`${name}.png`, outputFolder), png);
}
console.log(`rendered ${wanted.length} icons`);
