// Writing templates: offers the names that a call has while somebody writes a placeholder, keeps the indentation of JSON, and shows places.

const opening = /\{\{\s*([^\s|{}]*)$/;
const most = 12;

// Names that begin with what was written go before those that hold it.
const matches = (variables, written) => {
  const wanted = written.toLowerCase();
  const at = variable => variable.name.toLowerCase().indexOf(wanted);
  return variables.filter(variable => at(variable) >= 0).sort((a, b) => (at(a) > 0) - (at(b) > 0)).slice(0, most);
};

const isCombobox = field => field.getAttribute('role') === 'combobox';

class Completion {
  constructor(root, variables) {
    this.root = root;
    this.variables = variables;
    this.list = root.querySelector('[data-completion-list]');
    this.said = root.querySelector('[data-completion-said]');
    this.field = null;
    this.found = [];
    this.chosen = 0;
    root.addEventListener('input', e => this.isOurs(e.target) && this.offer(e.target));
    root.addEventListener('keydown', e => this.press(e));
    root.addEventListener('focusout', e => e.target === this.field && this.close());
    // Before the field loses its focus to it.
    this.list.addEventListener('mousedown', e => {
      e.preventDefault();
      const option = e.target.closest('[role=option]');
      if (option) this.take(Number(option.dataset.index));
    });
  }

  isOurs(element) {
    return element instanceof HTMLElement && element.dataset.completes !== undefined;
  }

  offer(field) {
    const before = field.value.slice(0, field.selectionStart);
    const written = opening.exec(before);
    this.found = written ? matches(this.variables, written[1]) : [];
    if (this.found.length === 0) {
      this.close();
      return;
    }
    this.field = field;
    this.written = written[1];
    this.chosen = 0;
    this.show();
  }

  show() {
    const field = this.field;
    this.list.replaceChildren(...this.found.map((variable, index) => {
      const option = document.createElement('div');
      option.id = `${this.list.id}-${index}`;
      option.setAttribute('role', 'option');
      option.dataset.index = index;
      const name = document.createElement('span');
      name.className = 'name';
      name.textContent = variable.name;
      const sample = document.createElement('span');
      sample.className = 'sample';
      sample.textContent = variable.sample ?? variable.type;
      option.append(name, sample);
      return option;
    }));
    this.place();
    this.list.hidden = false;
    field.setAttribute('aria-controls', this.list.id);
    if (isCombobox(field)) field.setAttribute('aria-expanded', 'true');
    this.said.textContent = `${this.found.length} ${this.found.length === 1 ? 'name' : 'names'}; arrow keys choose, Enter takes`;
    this.choose(0);
  }

  // Under the field, or under the line of a text of many.
  place() {
    const field = this.field.getBoundingClientRect();
    const root = this.root.getBoundingClientRect();
    let top = field.bottom;
    if (this.field instanceof HTMLTextAreaElement) {
      const style = getComputedStyle(this.field);
      const lines = this.field.value.slice(0, this.field.selectionStart).split('\n').length;
      const line = field.top + parseFloat(style.paddingTop) + lines * parseFloat(style.lineHeight) - this.field.scrollTop;
      top = Math.min(Math.max(line, field.top), field.bottom) + 4;
    }
    this.list.style.top = `${top - root.top}px`;
    this.list.style.left = `${field.left - root.left}px`;
    this.list.style.width = `${Math.min(field.width, 520)}px`;
  }

  choose(index) {
    this.chosen = (index + this.found.length) % this.found.length;
    for (const option of this.list.children) {
      const isChosen = Number(option.dataset.index) === this.chosen;
      option.setAttribute('aria-selected', isChosen);
      if (isChosen) {
        this.field.setAttribute('aria-activedescendant', option.id);
        option.scrollIntoView({ block: 'nearest' });
      }
    }
  }

  take(index) {
    const field = this.field;
    const { name } = this.found[index];
    const end = field.selectionStart;
    const closing = /^\s*(\||\}\})/.test(field.value.slice(end)) ? '' : '}}';
    field.setSelectionRange(end - this.written.length, end);
    // As if it were typed: it can be undone, and whoever listens for input hears of it.
    if (!document.execCommand('insertText', false, name + closing)) {
      field.setRangeText(name + closing, end - this.written.length, end, 'end');
      field.dispatchEvent(new Event('input', { bubbles: true }));
    }
    this.close();
  }

  close() {
    if (!this.field) return;
    this.field.removeAttribute('aria-activedescendant');
    this.field.removeAttribute('aria-controls');
    if (isCombobox(this.field)) this.field.setAttribute('aria-expanded', 'false');
    this.field = null;
    this.list.hidden = true;
    this.list.replaceChildren();
    this.said.textContent = '';
  }

  press(e) {
    if ((e.ctrlKey || e.metaKey) && e.key === 's') {
      e.preventDefault();
      this.root.ownerDocument.querySelector('[data-save]')?.click();
      return;
    }
    if (!this.isOurs(e.target)) return;
    if (e.ctrlKey && e.key === ' ') {
      e.preventDefault();
      this.offer(e.target);
      return;
    }
    if (this.field !== null && !e.altKey && !e.ctrlKey && !e.metaKey) {
      const done = {
        ArrowDown: () => this.choose(this.chosen + 1),
        ArrowUp: () => this.choose(this.chosen - 1),
        Enter: () => this.take(this.chosen),
        Escape: () => this.close(),
      }[e.key];
      if (done) {
        e.preventDefault();
        e.stopPropagation();
        done();
        return;
      }
    }
    if (e.target.dataset.completes === 'json') indent(e);
  }
}

// A new line begins where the last one did, and deeper after what opens; what closes alone on its line goes back.
const indent = e => {
  const field = e.target;
  const { value, selectionStart: at } = field;
  const line = value.slice(value.lastIndexOf('\n', at - 1) + 1, at);
  const margin = /^[ \t]*/.exec(line)[0];
  if (e.key === 'Enter' && !e.isComposing && !e.ctrlKey && !e.metaKey && !e.altKey) {
    e.preventDefault();
    const opens = /[{[]\s*$/.test(line) && !/\{\{\s*$/.test(line);
    const closes = opens && /^[ \t]*[}\]]/.test(value.slice(field.selectionEnd));
    document.execCommand('insertText', false, `\n${margin}${opens ? '  ' : ''}${closes ? `\n${margin}` : ''}`);
    if (closes) field.setSelectionRange(at + margin.length + 3, at + margin.length + 3);
  } else if ((e.key === '}' || e.key === ']') && line.trim() === '' && margin.length >= 2 && field.selectionEnd === at) {
    e.preventDefault();
    field.setSelectionRange(at - 2, at);
    document.execCommand('insertText', false, e.key);
  }
};

const attached = new WeakMap();

export const attach = (root, variables) => {
  const completion = attached.get(root);
  if (completion) completion.variables = variables;
  else attached.set(root, new Completion(root, variables));
  root.dataset.attached = '';
};

export const focus = id => {
  const element = document.getElementById(id);
  element?.focus();
  element?.scrollIntoView({ block: 'center' });
};

export const showLine = (id, line) => {
  const field = document.getElementById(id);
  const lines = field.value.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  field.focus();
  field.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  field.scrollTop = (line - 3) * parseFloat(getComputedStyle(field).lineHeight);
};
