"""Where files are looked for, what is checked, and what every failure says."""

import hashlib
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from skspace.datasets import DatasetNotFoundError, fetch_orl
from skspace.datasets._fetch import describe, load_npz, read
from skspace.datasets._registry import SHA256

NAME = "clouds/tiny.npz"
CONTENT = b"these bytes stand for a file"


@pytest.fixture
def registered(monkeypatch, no_variables):
    monkeypatch.setitem(SHA256, NAME, hashlib.sha256(CONTENT).hexdigest())


def put(folder, content=CONTENT):
    path = folder / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class Server:
    """Serves a folder on loopback and counts the requests."""

    def __init__(self, folder):
        self.requests = []
        server = self

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *args):
                server.requests.append(self.path)

        self._http = ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(Handler, directory=str(folder))
        )
        self.url = f"http://127.0.0.1:{self._http.server_port}/"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self):
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()


@pytest.fixture
def server(tmp_path, monkeypatch, registered):
    pytest.importorskip("pooch")
    folder = tmp_path / "served"
    put(folder)
    server = Server(folder)
    # a proxy of the user's must not see requests to loopback
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("SKSPACE_DATA_URL", server.url)
    monkeypatch.setenv("SKSPACE_CACHE", str(tmp_path / "cache"))
    yield server
    server.stop()


# -- the folder ----------------------------------------------------------------------


def test_reads_file_of_folder(tmp_path, monkeypatch, registered):
    put(tmp_path)
    monkeypatch.setenv("SKSPACE_DATA", str(tmp_path))
    assert read(NAME) == CONTENT


def test_wrong_hash_in_folder_is_refused(tmp_path, monkeypatch, registered):
    path = put(tmp_path, CONTENT + b"!")
    monkeypatch.setenv("SKSPACE_DATA", str(tmp_path))
    with pytest.raises(ValueError, match="damaged or another version") as error:
        read(NAME)
    for part in (
        str(path),
        SHA256[NAME],
        hashlib.sha256(CONTENT + b"!").hexdigest(),
    ):
        assert part in str(error.value)


def test_missing_folder(tmp_path, monkeypatch, registered):
    monkeypatch.setenv("SKSPACE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetNotFoundError, match=r"nowhere' is not a folder. Set it"):
        read(NAME)


def test_missing_file_in_folder_is_no_reason_to_download(tmp_path, monkeypatch, server):
    monkeypatch.setenv("SKSPACE_DATA", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    with pytest.raises(DatasetNotFoundError, match=f"has no file {NAME}. Put it there"):
        read(NAME)
    assert server.requests == []


def test_neither_variable_set(registered):
    with pytest.raises(
        DatasetNotFoundError, match="SKSPACE_DATA is not set and SK"
    ) as error:
        read(NAME)
    assert "licences" in str(error.value)
    assert isinstance(error.value, OSError)


def test_data_home_goes_before_the_variable(tmp_path, monkeypatch, registered):
    put(tmp_path / "home")
    monkeypatch.setenv("SKSPACE_DATA", str(tmp_path / "nowhere"))
    assert read(NAME, tmp_path / "home") == CONTENT
    assert read(NAME, str(tmp_path / "home")) == CONTENT


def test_data_home_without_the_file_names_it(tmp_path, registered):
    with pytest.raises(DatasetNotFoundError, match=r"tiny.npz does not exist and SK"):
        read(NAME, tmp_path)


# -- the download --------------------------------------------------------------------


def test_downloads_once_then_reads_the_cache(tmp_path, server):
    assert read(NAME) == CONTENT
    assert server.requests == ["/" + NAME]
    server.stop()
    assert read(NAME) == CONTENT
    assert (tmp_path / "cache" / NAME).read_bytes() == CONTENT


def test_address_with_and_without_slash_are_one(monkeypatch, server):
    monkeypatch.setenv("SKSPACE_DATA_URL", server.url.rstrip("/"))
    assert read(NAME) == CONTENT
    assert server.requests == ["/" + NAME]


def test_data_home_keeps_the_download(tmp_path, server):
    assert read(NAME, tmp_path / "mine") == CONTENT
    assert (tmp_path / "mine" / NAME).is_file()
    assert not (tmp_path / "cache").exists()


def test_cache_of_the_user_is_the_default(tmp_path, monkeypatch, server):
    import pooch

    monkeypatch.delenv("SKSPACE_CACHE")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "user" / project)
    assert read(NAME) == CONTENT
    assert (tmp_path / "user" / "skspace" / NAME).is_file()


def test_wrong_hash_of_download_is_refused_and_not_kept(tmp_path, server):
    put(tmp_path / "served", b"another file")
    with pytest.raises(ValueError, match="it was not kept") as error:
        read(NAME)
    assert server.url in str(error.value)
    assert SHA256[NAME] in str(error.value)
    assert not (tmp_path / "cache" / NAME).exists()


def test_damaged_cache_is_refused_not_overwritten(tmp_path, server):
    path = put(tmp_path / "cache", b"damaged")
    with pytest.raises(ValueError, match="delete it and download it again"):
        read(NAME)
    assert path.read_bytes() == b"damaged"
    assert server.requests == []


def test_address_without_the_file(tmp_path, server):
    (tmp_path / "served" / NAME).unlink()
    with pytest.raises(DatasetNotFoundError, match=r"Could not download .*404"):
        read(NAME)


def test_server_down(server):
    server.stop()
    with pytest.raises(DatasetNotFoundError, match="Check the network"):
        read(NAME)


def test_cache_that_cannot_be_written(tmp_path, monkeypatch, server):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SKSPACE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DatasetNotFoundError, match="can be written"):
        read(NAME)


@pytest.mark.parametrize("url", ["file:///data", "/data", "127.0.0.1"])
def test_address_must_be_http(url, monkeypatch, registered):
    monkeypatch.setenv("SKSPACE_DATA_URL", url)
    with pytest.raises(ValueError, match="must start with http:// or https://"):
        read(NAME)


def test_download_without_pooch_names_the_extra(monkeypatch, registered):
    monkeypatch.setenv("SKSPACE_DATA_URL", "http://127.0.0.1/")
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"pip install skspace\[data\]"):
        read(NAME)


# -- what is in the files ------------------------------------------------------------


def test_nothing_is_unpickled(fake_folder):
    fake_folder("graphs/cora.npz", labels=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_npz("graphs/cora.npz")


def test_registry_is_paths_and_digests():
    for name, digest in SHA256.items():
        group, _, file = name.partition("/")
        assert group in {"images", "graphs", "tabular", "clouds", "mi", "regression"}
        assert file.endswith((".npz", ".csv.gz"))
        assert len(bytes.fromhex(digest)) == 32
    assert len(set(SHA256.values())) == len(SHA256)


@pytest.mark.data
@pytest.mark.parametrize("name", SHA256)
def test_digest_of_every_real_file(name, data_folder):
    assert read(name)


def test_description_ends_with_file_and_checksum():
    text = describe("orl", "images/orl_32x32.npz")
    assert text.startswith("ORL faces\n===")
    for word in ("**Origin.**", "**Licence.**", "**Reference.**", "evaluation only"):
        assert word in text
    assert text.endswith(f":SHA-256: ``{SHA256['images/orl_32x32.npz']}``\n")


def test_parameters_are_validated():
    with pytest.raises(ValueError, match="'as_frame' parameter of fetch_orl"):
        fetch_orl(as_frame="yes")
    with pytest.raises(ValueError, match="'data_home' parameter of fetch_orl"):
        fetch_orl(data_home=3)
