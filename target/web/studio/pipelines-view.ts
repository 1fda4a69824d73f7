import { byId, control, element, type Row, setOptions, setText } from '../dom.ts';
import { askToDelete, button, onPress } from '../row-buttons.ts';
import { PATTERNS, type Pipeline } from './api.ts';
import type { Context, View } from './context.ts';
import { creates } from './creation.ts';
import { GraphEditor } from './graph-editor.ts';
import { PagedList } from './paged-list.ts';

/** The pipelines: creating, drawing and deleting them. */
export class PipelinesView implements View {
  readonly #list: PagedList<Pipeline>;

  constructor(context: Context) {
    const { api } = context;
    const editor = new GraphEditor(context);
    this.#list = new PagedList<Pipeline>(
      {
        container: byId('pipeline-list'),
        noun: 'pipeline',
        headings: ['Name', 'Status', 'Actions'],
        read: (page) => api.pipelines(page),
        row: () =>
          new PipelineRow({
            draw: (pipeline) => this.#list.act(`${pipeline.name} was not opened.`, () => editor.open(pipeline)),
            remove: (pipeline) =>
              this.#list.act(`${pipeline.name} was not deleted.`, async () => {
                await api.removePipeline(pipeline.id);
                editor.closeFor(pipeline);
              }),
          }),
      },
      context,
    );
    const form = byId<HTMLFormElement>('pipeline-form');
    const pattern = control<HTMLSelectElement>(form, 'pattern');
    setOptions(
      pattern,
      PATTERNS.map((value) => ({ value, label: value })),
    );
    creates(form, context, async (name) => {
      await api.createPipeline({ name, pattern: pattern.value });
      this.#list.loadFirst();
    });
  }

  show(): void {
    this.#list.load();
  }

  hide(): void {}
}

interface Orders {
  draw(pipeline: Pipeline): void;
  remove(pipeline: Pipeline): void;
}

class PipelineRow implements Row<Pipeline> {
  readonly node: HTMLTableRowElement;
  readonly #name = element('span', 'name');
  readonly #pattern = element('small', 'muted');
  readonly #status = element('span', 'pill');
  readonly #draw = button('Draw');
  readonly #remove = button('Delete');
  #pipeline: Pipeline | undefined;

  constructor(orders: Orders) {
    const name = element('th', '', this.#name, this.#pattern);
    name.scope = 'row';
    const buttons = element('div', 'buttons', this.#draw, this.#remove);
    this.node = element('tr', '', name, element('td', '', this.#status), element('td', 'actions', buttons));
    onPress(this.#draw, () => orders.draw(this.#pipeline!));
    onPress(this.#remove, () => {
      const pipeline = this.#pipeline!;
      askToDelete(buttons, this.#remove, () => orders.remove(pipeline));
    });
  }

  update(pipeline: Pipeline): void {
    this.#pipeline = pipeline;
    setText(this.#name, pipeline.name);
    setText(this.#pattern, pipeline.pattern);
    setText(this.#status, pipeline.status);
    this.#status.dataset.status = pipeline.status;
    for (const each of [this.#draw, this.#remove]) {
      each.setAttribute('aria-label', `${each.textContent} ${pipeline.name}`);
    }
  }
}
