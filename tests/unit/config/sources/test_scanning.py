"""Facts about which files of a folder count."""

import os

from convoy.config.sources.scanning import scan_folder


def names(scan, folder):
    return [os.path.relpath(name, folder) for name in scan.files]


def test_yaml_and_json_files_are_found_in_order_hidden_ones_are_not(tmp_path):
    for name in ("b.yaml", "a.yml", "sub/c.json", "d.txt", ".e.yaml", ".git/f.yaml", "g.yaml~"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert names(scan_folder(tmp_path), tmp_path) == ["a.yml", "b.yaml", "sub/c.json"]


def test_mounted_config_map_is_read_once(tmp_path):
    (tmp_path / "..2024").mkdir()
    (tmp_path / "..2024" / "a.yaml").touch()
    (tmp_path / "..data").symlink_to("..2024")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    assert names(scan_folder(tmp_path), tmp_path) == ["a.yaml"]


def test_dangling_and_circular_links_and_sockets_are_no_files(tmp_path):
    (tmp_path / "a.yaml").symlink_to("nowhere")
    (tmp_path / "b.yaml").symlink_to("b.yaml")
    os.mkfifo(tmp_path / "c.yaml")
    scan = scan_folder(tmp_path)
    assert scan.files == {}
    assert list(scan.unreadable) == [str(tmp_path / "b.yaml")]


def test_missing_folder_has_a_reason(tmp_path):
    missing = str(tmp_path / "missing")
    assert scan_folder(tmp_path / "missing").unreadable == {missing: "No such file or directory"}


def test_file_named_itself_is_a_scan_of_one(tmp_path):
    (tmp_path / "notes.txt").touch()
    assert names(scan_folder(tmp_path / "notes.txt"), tmp_path) == ["notes.txt"]
